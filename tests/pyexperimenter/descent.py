"""The study of tests/programs/descent.rs with PyExperimenter, driven by the words on the command line, in their order.

fill, execute:N (all if N is -1), reset:STATUS, create_table, delete_table; table, logtable and summary print CSV.
"""

import logging
import math
import sys

from py_experimenter.experimenter import PyExperimenter


def loss(objective, x):
    return x * x if objective == "square" else x * x * x * x


def slope(objective, x):
    return 2.0 * x if objective == "square" else 4.0 * x * x * x


def descent(keyfields, result_processor, custom):
    objective, rate, x = keyfields["objective"], keyfields["rate"], float(keyfields["start"])
    steps = 0
    while steps < custom["limit"] and loss(objective, x) > 1e-6:
        x -= rate * slope(objective, x)
        steps += 1
        if steps % 10 == 0:
            result_processor.process_logs({"losses": {"step": steps, "loss": loss(objective, x)}})
    with open("audit", "a") as audit:
        audit.write(f"{result_processor.experiment_id} python\n")
    if not math.isfinite(x):
        raise ValueError(f"{objective} diverges")
    result_processor.process_results({"x": x, "loss": loss(objective, x), "steps": steps})


def run(experimenter, command, argument):
    if command == "fill":
        experimenter.fill_table_from_config()
    elif command == "execute":
        experimenter.execute(descent, max_experiments=int(argument))
    elif command == "reset":
        experimenter.reset_experiments(argument)
    elif command == "create_table":
        experimenter.create_table()
    elif command == "delete_table":
        experimenter.delete_table()
    elif command == "table":
        print(experimenter.get_table().to_csv(index=False))
    elif command == "logtable":
        print(experimenter.get_logtable("losses").to_csv(index=False))
    elif command == "summary":
        table = experimenter.get_table()
        print(table[table.status == "done"].groupby("objective")["loss"].agg(["count", "mean", "std"]).to_csv())
    else:
        sys.exit(f"unknown command: {command}")


if __name__ == "__main__":
    experimenter = PyExperimenter(use_codecarbon=False, log_level=logging.WARNING, name="python")
    for word in sys.argv[1:]:
        run(experimenter, *word.partition(":")[::2])
