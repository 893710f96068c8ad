"""The names of CAM methods as papers and other libraries write them."""

from collections.abc import Sequence

from emocam.errors import SettingError, nearest

OTHER_NAMES = {
    "gradcamplusplus": "gradcampp",
    "gradcamelementwise": "elementwise",
    "integratedgradients": "ig",
    "guidedgradients": "guidedgradcam",
    "layerwiserelevancepropagation": "lrp",
    "deeplift": "lift",
    "shap": "shapley",
}
"""Names that share no letters with the option's, without capitals and signs."""


def method_name(given: str, options: Sequence[str]) -> str:
    """Return the option of conf/cam that a method's name means: Grad-CAM, GradCAM++ and grad_cam are names, too."""
    plain = "".join(sign for sign in given.lower().replace("++", "pp") if sign.isalnum())
    for name in (given, plain, OTHER_NAMES.get(plain, ""), plain.removesuffix("cam"), f"{plain}cam"):
        if name in options:
            return name
    raise SettingError(f"method {given!r} is no CAM method; {nearest(plain, options, 40)}")
