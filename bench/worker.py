# SPDX-License-Identifier: Apache-2.0
"""A process that measures: it gets a number of steps a line, and answers with milliseconds a step."""
import subprocess


class Worker:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        """Ends it; what it said last."""
        self.process.stdin.close()
        last = self.process.stdout.read()
        self.process.wait()
        return last
