import pytest
import torch
from sklearn.decomposition import KernelPCA

from emocam.cam.kpcacam import KERNELS, KPCACAM
from emocam.errors import SettingError


@pytest.mark.parametrize("kernel", KERNELS)
def test_it_is_the_first_component_of_the_kernel_pca(kernel, forward):
    maps = KPCACAM(kernel=kernel).raw(forward)
    for activation, ours in zip(forward.activation.detach(), maps, strict=True):
        cells = activation.flatten(1).T.double()
        centred = (cells - cells.mean(0)).numpy()
        library = KernelPCA(n_components=1, kernel=kernel, eigen_solver="dense")
        theirs = torch.from_numpy(library.fit_transform(centred)[:, 0]).view_as(ours)
        theirs = theirs * torch.sign((theirs * activation.abs().sum(0)).sum())
        assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


def test_an_unknown_kernel_is_named():
    with pytest.raises(SettingError, match=r"cam\.kernel 'sigmod' is no kernel; did you mean sigmoid\?"):
        KPCACAM(kernel="sigmod")
