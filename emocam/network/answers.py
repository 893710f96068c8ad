"""Networks that cannot be explained as they are: numbers that are none, and answers that are no logits."""

from torch import Tensor, nn

NEAR = 1e-4
"""How far from 1 the sum of a row of probabilities may lie."""
MOVES = frozenset(
    (
        *("View", "UnsafeView", "Reshape", "ReshapeAlias", "Alias", "Clone", "ToCopy"),
        *("Squeeze", "Unsqueeze", "Slice", "Select", "T", "Transpose", "Permute"),
    )
)
"""What moves numbers and does not change them."""
CONSTANT = (
    "the network answers the same to every picture, as before training or with weights of a layer missing; what its "
    "maps show means nothing"
)
SQUASHING = ("Sigmoid", "Hardsigmoid", "Softmax")


def unfit_weights(network: nn.Module) -> str | None:
    """Return the name of a tensor of the network that holds NaN or infinity, if one does."""
    for name, tensor in network.state_dict().items():
        # what a quantised layer keeps beside its numbers is no tensor
        if isinstance(tensor, Tensor) and tensor.is_floating_point() and not _is_finite(tensor):
            return name
    return None


def _is_finite(tensor: Tensor) -> bool:
    """Return whether no number is NaN or infinite; both ends show it, and ask a fortieth of all being looked at."""
    return not tensor.numel() or all(bool(end.isfinite()) for end in tensor.detach().aminmax())


def probability_kind(answers: Tensor) -> str | None:
    """Return `softmax` or `sigmoid` where answers (B, L) went through one, so that they are no logits.

    What was done last stands in the graph, where there is one; else two or more rows between 0 and 1, with
    a sum of 1 each, are those of a softmax, unless all they say is 0 and 1.
    """
    last = _last_step(answers)
    if last in SQUASHING:
        return "softmax" if last == "Softmax" else "sigmoid"
    found = answers.detach().double()
    within = bool(((found >= 0) & (found <= 1)).all())
    if not within or min(found.shape) < 2 or bool(((found == 0) | (found == 1)).all()):
        return None
    return "softmax" if bool(((found.sum(-1) - 1).abs() < NEAR).all()) else None


def answers_alike(answers: Tensor) -> bool:
    """Return whether all of two or more rows of answers (B, L) are one."""
    return len(answers) > 1 and bool((answers == answers[:1]).all())


def _last_step(answers: Tensor) -> str | None:
    """Return the last operation that changed numbers, as autograd calls it; None where nobody knows."""
    step = answers.grad_fn
    while step is not None:
        name = step.name().removesuffix("0").removesuffix("Backward").lstrip("_")
        if name not in MOVES or not step.next_functions:
            return name
        step = step.next_functions[0][0]
    return None
