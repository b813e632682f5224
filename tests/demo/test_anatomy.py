"""The drawn bodies are anatomy: the right tissue at the right place, the same each time."""

import numpy as np
import pytest

from demo.phantoms.acquisition import CT_HEAD, MR_SIGNAL, MrPlan, Reconstruction, mr_frames
from demo.phantoms.build import Build
from demo.phantoms.head import Head
from demo.phantoms.projections import cast_shadow, radiograph
from demo.phantoms.trunk import Trunk

SIZE, FIELD_MM = 256, 400.0


def at(plane: np.ndarray, x: float, y: float, field_mm: float = FIELD_MM) -> float:
    """The value of a plane at a place in mm from its centre."""
    step = field_mm / plane.shape[0]
    return float(plane[round(y / step + (plane.shape[0] - 1) / 2), round(x / step + (plane.shape[1] - 1) / 2)])


@pytest.fixture(scope="module")
def chest() -> Trunk:
    return Trunk.of(Build("test", nodule=(-70, -20, -30), nodule_mm=20))


def test_same_body_is_drawn_the_same(chest: Trunk) -> None:
    again = Trunk.of(Build("test", nodule=(-70, -20, -30), nodule_mm=20))
    assert np.array_equal(chest.cut(-30, SIZE, FIELD_MM), again.cut(-30, SIZE, FIELD_MM))


def test_another_body_is_drawn_otherwise(chest: Trunk) -> None:
    other = Trunk.of(Build("somebody else"))
    assert not np.array_equal(chest.cut(10, SIZE, FIELD_MM), other.cut(10, SIZE, FIELD_MM))


def test_chest_has_air_around_it_lungs_and_a_nodule(chest: Trunk) -> None:
    plane = chest.cut(-30, SIZE, FIELD_MM)
    assert at(plane, 0, -180) == pytest.approx(-1000, abs=1)
    assert at(plane, -70, -20) == pytest.approx(42, abs=30)
    lungs = plane[(plane > -950) & (plane < -750)]
    assert 0.12 < lungs.size / plane.size < 0.4
    assert float(lungs.mean()) == pytest.approx(-880, abs=25)


def test_windpipe_is_air_and_spine_is_bone(chest: Trunk) -> None:
    plane = chest.cut(60, SIZE, FIELD_MM)
    assert at(plane, 0, 5) < -900
    body = chest.cut(12, SIZE, FIELD_MM)
    assert 120 < at(body, 0, 50) < 700


def test_abdomen_has_a_liver_right_and_a_spleen_left() -> None:
    trunk = Trunk.of(Build("belly"), abdomen=True)
    plane = trunk.cut(-150, SIZE, FIELD_MM)
    assert at(plane, -85, 10) == pytest.approx(112, abs=25)
    assert at(plane, 108, 42) == pytest.approx(122, abs=25)


def test_contrast_shows_in_the_aorta() -> None:
    with_contrast = Trunk.of(Build("x", contrast=True)).cut(-60, SIZE, FIELD_MM)
    without = Trunk.of(Build("x", contrast=False)).cut(-60, SIZE, FIELD_MM)
    assert at(with_contrast, 23, 33) > 150
    assert at(without, 23, 33) < 70


def test_head_has_skull_ventricles_and_brain() -> None:
    axis = ((np.arange(SIZE) - (SIZE - 1) / 2) * 230 / SIZE).astype(np.float32)
    plane = Head("test").paint(axis[None, :], axis[:, None], np.float32(20), CT_HEAD, 230 / SIZE)
    assert float(plane.max()) > 1000
    assert at(plane, 10, 2, 230) == pytest.approx(CT_HEAD["fluid"], abs=6)
    assert 20 < at(plane, 28, 20, 230) < 45
    assert at(plane, 105, -105, 230) == CT_HEAD["air"]


def test_fluid_is_dark_in_t1_and_bright_in_t2() -> None:
    head = Head("test")
    planes = {name: next(iter(mr_frames(head, MrPlan(name, "axial", 20, 1, 5.0)))) for name in ("T1", "T2", "FLAIR")}
    fluid = {name: at(frame.pixels, 10, 2, 230) for name, frame in planes.items()}
    assert fluid["T1"] < 350
    assert fluid["T2"] > 850
    assert fluid["FLAIR"] < 350
    assert MR_SIGNAL["T1"]["white"] > MR_SIGNAL["T1"]["grey"]


def test_lesion_shows_in_flair() -> None:
    lesion = (((-30.0, 0.0, 20.0), (10.0, 10.0, 10.0), "lesion"),)
    plan = MrPlan("FLAIR", "axial", 20, 1, 5.0)
    ill = next(iter(mr_frames(Head("test", lesions=lesion), plan))).pixels
    well = next(iter(mr_frames(Head("test"), plan))).pixels
    assert at(ill, -30, 0, 230) - at(well, -30, 0, 230) > 300


def test_sharp_kernel_has_more_noise_than_a_soft_one() -> None:
    flat = np.full((SIZE, SIZE), 50.0, np.float32)
    soft = Reconstruction("n", SIZE, sharp=False, noise=11).apply(flat)
    sharp = Reconstruction("n", SIZE, sharp=True, noise=34).apply(flat)
    assert 10 < float(soft.std()) < 25
    assert float(sharp.std()) > 2.5 * float(soft.std())


def test_radiograph_is_dark_over_lungs_and_bright_below(chest: Trunk) -> None:
    shadow = cast_shadow(chest, 120, -180, 4.0, 430.0, table=False)
    picture = radiograph(shadow.frontal, 300, 430, "test")
    assert picture.shape == (300, 430)
    assert float(picture[100:140, 125:165].mean()) < 0.7 * float(picture[270:295, 125:165].mean())
