"""Drawn faces as several cameras and studios would take them: the same rules, other pictures."""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from emocam.functional.dice import Dice
from emocam.world.face_rules import FaceScene

STYLES = ("plain", "negative", "soft", "dim", "turned")
BLUR = 2.5
"""The width of a soft picture's blur, in pixels of 160."""
DIM, GRAIN = 0.3, 26.0
"""How bright a dim picture is, and how grainy in grey levels."""
TURN = 0.6
"""How far a turned face is tilted, in radians: 34 degrees."""
STYLE_DICE = 7


def styled_scene(scene: FaceScene, style: str) -> FaceScene:
    """Return the scene as a style takes it: a turned face is tilted, to the side that its light decides."""
    if style != "turned":
        return scene
    side = 1 if scene.light.right > 0 else -1
    return replace(scene, pose=replace(scene.pose, roll=scene.pose.roll + side * TURN))


def styled_picture(image: Image.Image, scene: FaceScene, style: str) -> Image.Image:
    """Return a drawn picture as a style shows it; the grain of a dim one is the scene's own."""
    if style == "negative":
        return ImageChops.invert(image)
    if style == "soft":
        return image.filter(ImageFilter.GaussianBlur(BLUR))
    if style == "dim":
        pixels = np.asarray(image, np.float32) * DIM
        noise = Dice(scene.light.seed, STYLE_DICE).bytes(*pixels.shape[:2]).astype(np.float32) - 127.5
        shown = pixels + (noise * (GRAIN / 127.5))[..., None]
        return Image.fromarray(np.rint(shown).clip(0, 255).astype(np.uint8))
    return image
