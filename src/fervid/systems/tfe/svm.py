"""The transfer baseline: linear support vector machines on the identity feature [5, Sec. 4.6]."""

import torch

from fervid.learning import svm
from fervid.learning.samples import Samples
from fervid.systems.tfe.identity import features
from fervid.systems.tfe.network import DeepID, Linear


def fit_margins(identity: DeepID, train: Samples, cost: float = 1.0) -> Linear:
    """Fit one machine per label against all others, on features with their mean subtracted.

    Departure 9: the paper does not give the kernel or C. The faces are not augmented.

    Args:
        identity: the identity network.
        train: `faces` (N, P, P) with their targets.
        cost: C, for features of mean square length 1; it is not chosen on data.
    """
    rows = features(identity, train.arrays["faces"])
    mean = rows.mean(0)
    size = svm.length(rows - mean)
    x = (rows - mean) / size
    weight, bias = svm.planes(x, train.target, len(train.labels), cost, progress="SVM")
    classifier = Linear(identity, len(train.labels)).eval()
    with torch.no_grad():
        classifier.top.weight.copy_(torch.from_numpy(weight / size))
        classifier.top.bias.copy_(torch.from_numpy(bias - weight @ mean / size))
    return classifier
