"""PyExperimenter on the table of programs/src/bin/noop.rs.

fill prints the seconds that it took, without the start of Python; execute NAME N runs N rows, all if N is -1, under a name.
"""

import json
import logging
import sys
import time

from py_experimenter.experimenter import PyExperimenter


def noop(keyfields, result_processor, custom):
    result_processor.process_results({"score": keyfields["c"]})


if __name__ == "__main__":
    role, *arguments = sys.argv[1:]
    name = arguments[0] if arguments else "python"
    experimenter = PyExperimenter(use_codecarbon=False, log_level=logging.CRITICAL, name=name)
    begun = time.monotonic()
    if role == "fill":
        experimenter.fill_table_from_config()
    else:
        experimenter.execute(noop, max_experiments=int(arguments[1]))
    print(json.dumps({"rows": 0, "seconds": time.monotonic() - begun}))
