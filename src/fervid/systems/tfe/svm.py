"""The transfer baseline: a linear support vector machine on the identity feature [5, Sec. 4.6]."""

import numpy as np
import torch

from fervid.learning.samples import Samples
from fervid.systems.tfe.identity import features
from fervid.systems.tfe.network import DeepID, Linear


def fit_margins(identity: DeepID, train: Samples) -> Linear:
    """A machine for each label against all others, on standardised features.

    The paper does not say which kernel and constant it took: linear, and scikit-learn's C = 1;
    nothing is chosen on any data. Faces are taken as they are: nothing is augmented.
    """
    from sklearn.svm import LinearSVC

    found = features(identity, train.arrays["faces"])
    made = Linear(identity, len(train.labels)).eval()
    mean, deviation = found.mean(0), np.maximum(found.std(0), 1e-6)
    known = np.unique(train.target)
    weight = np.zeros((len(train.labels), found.shape[1]))
    # A label that nobody shows is never answered.
    bias = np.full(len(train.labels), -1e3)
    if len(known) == 1:
        bias[known] = 0
    else:
        machine = LinearSVC(dual=False, random_state=0)
        machine.fit((found - mean) / deviation, train.target)
        several = len(known) > 2
        weight[known] = (
            machine.coef_ if several else np.concatenate([-machine.coef_, machine.coef_])
        )
        bias[known] = (
            machine.intercept_ if several else [-machine.intercept_[0], machine.intercept_[0]]
        )
    with torch.no_grad():
        for tensor, values in (
            (made.mean, mean), (made.deviation, deviation),
            (made.top.weight, weight), (made.top.bias, bias),
        ):  # fmt: skip
            tensor.copy_(torch.from_numpy(np.asarray(values, np.float32)))
    return made
