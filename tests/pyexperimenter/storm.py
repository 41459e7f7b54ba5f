"""PyExperimenter in a storm, on the table of tests/programs/witness.rs and on `other`, a table of its own.

worker executes rows of both, and keeper resets what is in error in the first and drops and fills the second, until there
is a file `calm`; reader prints the first as CSV. What the database refuses meanwhile is printed, and tried again.
"""

import logging
import os
import sys
import time

from py_experimenter.exceptions import NoExperimentsLeftException
from py_experimenter.experimenter import PyExperimenter


def witness(keyfields, result_processor, custom):
    time.sleep(0.02)
    if keyfields.get("fails"):
        raise ValueError("python")
    result_processor.process_results({"payload": "python"})


def works(storm, other):
    storm.execute(witness, max_experiments=5)
    other.execute(witness, max_experiments=1)


def keeps(storm, other):
    storm.reset_experiments("error")
    other.delete_table()
    other.fill_table_from_config()


def open_table(name):
    # Every row in error would be told.
    files = f"python/{name}.yml", "python/credentials.yml"
    return PyExperimenter(*files, use_codecarbon=False, log_level=logging.CRITICAL, name="python")


if __name__ == "__main__":
    role = sys.argv[1]
    storm, other = open_table("storm"), open_table("other")
    if role == "reader":
        storm.create_table()
        print(storm.get_table()[["ID", "status", "name"]].to_csv(index=False))
        sys.exit()
    act = {"worker": works, "keeper": keeps}[role]
    while not os.path.exists("calm"):
        try:
            act(storm, other)
        except NoExperimentsLeftException:
            pass
        except Exception as error:
            print(repr(error), flush=True)
        time.sleep(0.1)
