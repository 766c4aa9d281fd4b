"""The transfer baseline: a linear support vector machine on the identity feature [5, Sec. 4.6]."""

import torch

from fervid.learning import svm
from fervid.learning.samples import Samples
from fervid.systems.tfe.identity import features
from fervid.systems.tfe.network import DeepID, Linear


def fit_margins(identity: DeepID, train: Samples, cost: float = 1.0) -> Linear:
    """A machine for each label against all others, on the features less their mean.

    Departure 9: the paper does not say which kernel and constant it took. Faces are taken as they
    are: nothing is augmented.

    Args:
        cost: C, for features of mean square length 1; nothing is chosen on any data.
    """
    found = features(identity, train.arrays["faces"])
    mean = found.mean(0)
    size = svm.length(found - mean)
    x = (found - mean) / size
    weight, bias = svm.planes(x, train.target, len(train.labels), cost, progress="SVM")
    made = Linear(identity, len(train.labels)).eval()
    with torch.no_grad():
        made.top.weight.copy_(torch.from_numpy(weight / size))
        made.top.bias.copy_(torch.from_numpy(bias - weight @ mean / size))
    return made
