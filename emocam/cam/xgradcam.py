"""XGrad-CAM, Fu et al. 2020, https://arxiv.org/abs/2008.02312."""

from torch import Tensor

from emocam.cam.base import CAM, ForwardPass


class XGradCAM(CAM):
    """Gradients are averaged with the activation's share of its channel as weight (equation 8).

    Where activations have both signs, a channel's sum may be near zero and its weight is then large.
    """

    def channel_weights(self, forward: ForwardPass) -> Tensor:
        activation = forward.activation.detach()
        return (forward.gradient * activation).sum((-2, -1)) / (activation.sum((-2, -1)) + 1e-7)
