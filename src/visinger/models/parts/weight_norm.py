"""Weight normalisation on and off: kept while training, folded away for singing and export."""

from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm

Convolution = TypeVar("Convolution", nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d)


def normed(convolution: Convolution) -> Convolution:
    """The convolution with its weight split into a norm and a direction."""
    return weight_norm(convolution)  # type: ignore[no-any-return]


def fold(model: nn.Module) -> None:
    """Replace every normalised weight by its value, in place; the outputs stay the same."""
    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            trained = any(parameter.requires_grad for parameter in module.parametrizations.weight.parameters())
            parametrize.remove_parametrizations(module, "weight")
            value = module.weight.detach()
            del module.weight  # torch leaves a buffer behind where no gradient was wanted
            module.weight = nn.Parameter(value, requires_grad=trained)
