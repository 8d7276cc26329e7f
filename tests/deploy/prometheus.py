"""What a running Prometheus makes of our files, asked from a web replica.

`python - QUESTION... < tests/deploy/prometheus.py`: it has to reach two replicas, to evaluate every rule without an
error, and to answer every QUESTION, which are what the panels of the dashboard ask. Needs nothing but Python. Exit
status 1, with the reason, after two minutes.
"""

import json
import sys
import time
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

REPLICAS, SECONDS = 2, 120


def ask(what: str) -> Any:
    with urlopen(f"http://prometheus:9090/api/v1/{what}", timeout=10) as answer:
        return json.load(answer)["data"]


def missing() -> str:
    """What is not so yet, or nothing."""
    up = [target for target in ask("targets")["activeTargets"] if target["health"] == "up"]
    if len(up) != REPLICAS:
        return f"{len(up)} replicas are reached instead of {REPLICAS}"
    rules = [rule for group in ask("rules")["groups"] for rule in group["rules"]]
    ill = [f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] != "ok"]
    return ", ".join(ill) or ("" if rules else "no rule is loaded")


def main(questions: list[str]) -> int:
    until = time.monotonic() + SECONDS
    while (why := missing()) and time.monotonic() < until:
        time.sleep(2)
    if why:
        print(why)
        return 1
    answered = [len(ask(f"query?query={quote(question)}")["result"]) for question in questions]
    rules = sum(len(group["rules"]) for group in ask("rules")["groups"])
    print(f"{REPLICAS} replicas, {rules} rules, {sum(map(bool, answered))} of {len(answered)} questions with numbers")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
