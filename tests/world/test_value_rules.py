import numpy as np

from emocam.data.planted import Planted
from emocam.train.world import FIRST
from emocam.world.compose import compose
from emocam.world.rules import STANDARD
from emocam.world.value_rules import CAUSES, NAMES, value_role, values_of


def test_values_follow_from_the_scene_as_the_rules_say():
    data = Planted(world="values", images=60)
    for number, path in enumerate(data.paths()):
        scene, known = data.scene(path), data.known(path)
        cheer = awe = 0.0
        shown: set[str] = set()
        umbrellas = 0
        for thing in scene.things:
            cheer += {"Balloon": 1, "Cake": 1, "Skull": -1, "Spider": -1}.get(thing.object, 0)
            awe += 8 * thing.size / min(scene.size) if thing.object == "Rocket" else 0
            umbrellas += thing.object == "Umbrella"
            shown.add(thing.object)
        assert known["truth_cheer"] == cheer and np.isclose(known["truth_awe"], awe)
        assert known["truth_calm"] == (1.5 if "Boat" in shown else 0) - (0.75 if "Kite" in shown else 0)
        assert known["truth_gloom"] == [0, 1.5, 2.25][min(umbrellas, 2)]
        assert "truth" not in known
        again = values_of(compose(STANDARD, 0, number), 0, number)
        assert {f"truth_{name}": again[name] for name in NAMES} == known


def test_taking_a_cause_away_moves_its_value_its_way_and_no_other_object_moves_any():
    index = range(FIRST, FIRST + 80)
    for scene, number in ((compose(STANDARD, 0, i), i) for i in index):
        for object in {thing.object for thing in scene.things}:
            before, after = (values_of(s, 0, number) for s in (scene, scene.without(object)))
            for name in NAMES:
                for sign, direction in ((1, "+"), (-1, "-")):
                    drops = sign * (before[name] - after[name]) > 1e-9
                    assert drops == (value_role(object, f"{name} {direction}") == "cause")


def test_nothing_moves_luck_and_pictures_of_another_seed_have_other_luck():
    luck = [
        [Planted(world="values", seed=s).known(f"{i:05}.png")["truth_luck"] for i in range(9)] for s in (0, 1)
    ]
    assert len({*luck[0], *luck[1]}) == 18
    assert not any(label.startswith(("luck", "bright")) for label in CAUSES)
