"""`--check` of many configurations by one process, for the hour: `python -m tests.newcomer.check_all FOLDER`.

Reads `FOLDER/cases.json`, a list of names and environments, and checks `FOLDER/NAME.toml` of each. Writes
`FOLDER/answers.json`: exit code and what was said, by name.
"""

import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import supervisor
from config.judged import exposure


def main() -> int:
    """0 once all are answered."""
    folder = Path(sys.argv[1])
    answers = {}
    exposure.TEMPORARY = ()  # where this happens to run is no matter of the configurations
    for name, environment in json.loads((folder / "cases.json").read_text()):
        said = StringIO()
        os.environ.update(environment)
        with redirect_stdout(said), redirect_stderr(said):
            code = supervisor.main(["--check", str(folder / f"{name}.toml")])
        for variable in environment:
            del os.environ[variable]
        answers[name] = [code, said.getvalue()]
    (folder / "answers.json").write_text(json.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
