import numpy as np
import pytest
from tests.evaluation.choir import take

from visinger.evaluation import concert
from visinger.evaluation.copies import PosteriorCopy, WorldCopy
from visinger.evaluation.judging import Judge


def test_worlds_copy_of_a_plain_voice_keeps_pitch_voicing_and_timbre():
    pytest.importorskip("pyworld")
    one = take(1)
    (sung,) = concert.sing_takes(concert.floor(WorldCopy()), [one], "given")
    assert len(sung.samples) == len(one.samples)
    found = Judge().judge(sung).tallies
    assert found["f0_mae_cents"].mean < 5.0
    assert found["voicing_error"].mean < 0.05
    assert found["mcd_db"].mean < 4.0
    silence = take(1)
    silence.samples[:] = 0.0
    (hush,) = concert.sing_takes(concert.floor(WorldCopy()), [silence], "given")
    assert np.abs(hush.samples).max() < 1e-3


def test_the_posterior_copy_sees_the_recording_and_sings_its_curve():
    torch = pytest.importorskip("torch")
    from tests.tiny import tiny_model

    copier = PosteriorCopy(tiny_model())
    one, other = take(1), take(1)
    other.samples[:] = other.samples[::-1]
    first, again = copier.copy(one, seed=3).samples, copier.copy(one, seed=3).samples
    np.testing.assert_array_equal(first, again)
    assert len(first) == len(one.samples)
    assert np.isfinite(first).all()
    assert not np.allclose(first, copier.copy(other, seed=3).samples), "the recording goes through the latent"
    higher = take(1)
    higher.f0_hz[:] *= 1.5
    assert not np.allclose(first, copier.copy(higher, seed=3).samples), "the curve drives the source"
    with torch.enable_grad():
        assert copier.copy(one).samples.dtype == np.float32


def test_a_model_of_another_frame_rate_is_refused():
    pytest.importorskip("torch")
    from tests.tiny import tiny_model

    one = take(1)
    model = tiny_model()
    object.__setattr__(model.config, "hop_samples", 256)
    with pytest.raises(ValueError, match="is not at the model's"):
        PosteriorCopy(model).copy(one)
