"""Numbers that a training keeps, for training.py."""


def learning_rate(step, top, warmup):
    return top * min(step / warmup, (warmup / step) ** 0.5)


class Sums:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def add(self, mean, count):
        self.total += mean * int(count)
        self.count += int(count)

    def mean(self):
        return self.total / self.count if self.count else 0.0
