"""The whole system at a tiny width: what its losses hear, and what they do not."""

from collections.abc import Callable
from dataclasses import fields, replace

import pytest
import torch

from visinger import losses
from visinger.models.batch import Batch, Outcome
from visinger.models.parts.blocks import BlocksConfig
from visinger.models.parts.discriminators import Discriminator, DiscriminatorConfig
from visinger.models.parts.f0_predictor import note_log_f0
from visinger.models.parts.length_regulator import owners
from visinger.models.visinger import VISinger, VISingerConfig

Make = Callable[..., VISinger]
Takes = Callable[..., Batch]
CONVOLUTIONS = BlocksConfig(kind="convnext", count=2, kernel_size=3)
WEIGHTS = {"mel": 45.0, "kl": 1.0, "ctc": 1.0, "duration": 0.05, "f0": 5.0, "voicing": 1.0, "stft": 1.0}


def _assert_close(one: Outcome, other: Outcome) -> None:
    assert one.terms.keys() == other.terms.keys()
    for name, term in one.terms.items():
        torch.testing.assert_close(term.total, other.terms[name].total, rtol=2e-4, atol=2e-4, msg=name)
        torch.testing.assert_close(term.count, other.terms[name].count, msg=name)


def _added(outcomes: list[Outcome]) -> Outcome:
    terms = {
        name: losses.Term(
            sum(outcome.terms[name].total for outcome in outcomes),
            sum(outcome.terms[name].count for outcome in outcomes),
        )
        for name in outcomes[0].terms
    }
    return Outcome(terms)


@pytest.mark.parametrize("kind", ["fft", "convnext"])
@pytest.mark.parametrize("decoder", ["hifigan", "harmonic"])
def test_a_take_weighs_the_same_alone_and_padded_among_others(
    decoder: str, kind: str, make_model: Make, make_batch: Takes
) -> None:
    blocks = {} if kind == "fft" else {"f0_blocks": CONVOLUTIONS, "prior_blocks": CONVOLUTIONS}
    model = make_model(decoder=decoder, **blocks)
    with torch.no_grad():
        alone = [model(make_batch((frames,), noted=3)) for frames in (14, 20)]
        together = model(make_batch((14, 20), padded_to=27, noted=6))
    _assert_close(_added(alone), together)


def test_a_take_that_ends_inside_its_segment_weighs_the_same_in_a_longer_batch(
    make_model: Make, make_batch: Takes
) -> None:
    model = make_model()
    short = replace(make_batch((14,)), segment_starts=torch.tensor([11]))  # 3 of 6 frames exist
    long = replace(make_batch((14,), padded_to=30), segment_starts=torch.tensor([11]))
    with torch.no_grad():
        one, other = model(short), model(long)
    _assert_close(one, other)
    assert float(one.terms["mel"].count) == 3 * 80
    assert not other.generated[..., 3 * 240 :].any()
    assert not other.real[..., 3 * 240 :].any()


def test_a_window_in_the_middle_equals_the_same_frames_of_the_whole(make_model: Make, make_batch: Takes) -> None:
    """For networks of convolutions, away from the window's edges: cutting first changes nothing but the work."""
    model = make_model(f0_blocks=CONVOLUTIONS, prior_blocks=CONVOLUTIONS)
    batch = make_batch((40,))
    first, length = 9, 24
    reach = CONVOLUTIONS.count * (CONVOLUTIONS.kernel_size // 2) + 1  # one more for the F0 embedding
    with torch.no_grad():
        whole = _frame_level(model, batch)
        window = _frame_level(
            model,
            replace(
                batch,
                window_starts=torch.tensor([first]),
                frame_counts=torch.tensor([length]),
                f0_hz=batch.f0_hz[:, first : first + length],
                samples=batch.samples[:, first * 240 : (first + length) * 240],
                posterior_noise=batch.posterior_noise[..., first : first + length],
            ),
        )
    for one, part in zip(whole, window, strict=True):
        kept = one[..., first + reach : first + length - reach]
        torch.testing.assert_close(part[..., reach:-reach], kept, rtol=1e-4, atol=1e-5)


def _frame_level(model: VISinger, batch: Batch) -> tuple[torch.Tensor, ...]:
    mask = torch.ones(1, 1, int(batch.frame_counts[0]))
    text = model.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts)
    owner, position = owners(batch.frames, mask.shape[2], batch.window_starts)
    frames = model.expand(text, owner, position)
    log_f0, voicing = model.f0(frames, torch.gather(note_log_f0(batch.pitches), 1, owner), mask)
    return frames, log_f0, voicing, *model.prior(frames, batch.f0_hz, mask)


@pytest.mark.parametrize(
    ("changed", "terms"),
    [
        ({}, {"mel", "kl", "ctc", "duration", "f0", "voicing"}),
        ({"stft": True}, {"mel", "kl", "ctc", "duration", "f0", "voicing", "stft"}),
        ({"phoneme_predictor": False}, {"mel", "kl", "duration", "f0", "voicing"}),
        ({"phoneme_predictor": False, "f0_predictor": False}, {"mel", "kl", "duration"}),
        ({"phoneme_predictor": False, "f0_predictor": False, "frame_prior": False}, {"mel", "kl", "duration"}),
        ({"decoder": "harmonic", "f0_predictor": False}, {"mel", "kl", "ctc", "duration"}),
        ({"note_norm": False}, {"mel", "kl", "ctc", "duration", "f0", "voicing"}),
    ],
)
def test_every_ablation_trains_all_of_what_is_left(
    changed: dict[str, object], terms: set[str], make_model: Make, make_batch: Takes
) -> None:
    model = make_model(**changed)
    outcome = model(make_batch())
    assert set(outcome.terms) == terms
    losses.full(outcome.terms, WEIGHTS).backward()
    silent = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert silent == []
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("decoder", ["hifigan", "harmonic"])
def test_a_few_steps_lower_the_loss(decoder: str, make_model: Make, make_batch: Takes) -> None:
    model, batch = make_model(decoder=decoder), make_batch()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    seen = []
    for _ in range(4):
        loss = losses.full(model(batch).terms, WEIGHTS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(loss.item())
    assert seen[-1] < seen[0]
    assert seen[-1] == min(seen)


def test_the_recording_teaches_nothing_about_durations_to_the_text_encoder(make_model: Make, make_batch: Takes) -> None:
    model = make_model()
    model(make_batch()).terms["duration"].mean.backward()
    assert all(parameter.grad is None for parameter in model.text_encoder.parameters())
    assert all(parameter.grad is not None for parameter in model.duration_predictor.parameters())


def test_the_prior_hears_predicted_f0_in_the_share_of_takes_asked_for(make_model: Make, make_batch: Takes) -> None:
    batch = make_batch()
    with torch.no_grad():
        recorded, mixed, predicted = (
            make_model(predicted_f0_mix=mix)._guide(batch, torch.full_like(batch.f0_hz, 7.0)) for mix in (0.0, 0.5, 1.0)
        )
    assert torch.equal(recorded, batch.f0_hz)
    assert (predicted == 7.0).all()
    chosen = batch.posterior_noise[:, 0, 0] < 0  # half of a normal distribution
    assert torch.equal((mixed == 7.0).all(dim=1), chosen)


def test_a_share_of_the_takes_is_decoded_as_it_will_be_sung(make_model: Make, make_batch: Takes) -> None:
    batch = make_batch()
    batch.posterior_noise[:, 1, 0] = torch.tensor([-0.5, 0.5])  # a share of one half is the lower half
    drawn = {share: make_model(decoder="harmonic", sung_share=share, predicted_f0_mix=0.0) for share in (0.0, 0.5, 1.0)}
    with torch.no_grad():
        heard, mixed, sung = (model.train()(batch) for model in drawn.values())
        deaf = drawn[1.0](replace(batch, samples=torch.zeros_like(batch.samples)))
    assert "sung_mel" not in heard.terms
    torch.testing.assert_close(sung.generated, deaf.generated, msg="who sings does not listen")
    assert not torch.allclose(sung.generated, heard.generated)
    torch.testing.assert_close(mixed.generated, torch.stack([sung.generated[0], heard.generated[1]]))
    counts = mixed.terms["sung_mel"].count, mixed.terms["mel"].count
    assert sum(counts) == heard.terms["mel"].count


def test_what_is_sung_in_training_teaches_the_prior_its_sound(make_model: Make, make_batch: Takes) -> None:
    model = make_model(decoder="harmonic", sung_share=1.0)
    model(make_batch()).terms["sung_mel"].mean.backward()
    assert model.frame_prior.out.weight.grad.abs().sum() > 0
    heard = [p.grad for p in model.posterior_encoder.parameters() if p.grad is not None]
    assert not any(gradient.any() for gradient in heard)


def test_singing_does_not_listen_to_the_recording(make_model: Make, make_batch: Takes) -> None:
    model, batch = make_model(decoder="harmonic").eval(), make_batch()
    deaf = replace(batch, samples=torch.zeros_like(batch.samples), f0_hz=torch.zeros_like(batch.f0_hz))
    noise = torch.randn(2, 20 * 240)
    wave = model.sing(batch, source_noise=noise)
    assert wave.shape == batch.samples.shape
    assert torch.equal(wave, model.sing(deaf, source_noise=noise))
    assert not wave[0, 14 * 240 :].any()


def test_singing_without_noise_is_the_decoded_mean_of_the_prior(make_model: Make, make_batch: Takes) -> None:
    model, batch = make_model().eval(), make_batch()
    quiet = model.sing(batch, source_noise=torch.zeros(2, 20 * 240), noise_scale=0.0)
    other = replace(batch, posterior_noise=-batch.posterior_noise)
    assert torch.equal(quiet, model.sing(other, source_noise=torch.zeros(2, 20 * 240), noise_scale=0.0))


def test_sensitive_losses_stay_in_single_precision_under_bfloat16(make_model: Make, make_batch: Takes) -> None:
    model, batch = make_model(decoder="harmonic", stft=True), make_batch()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        rough = model(batch)
    with torch.no_grad():
        exact = model(batch)
    for name, term in rough.terms.items():
        assert term.total.dtype == torch.float32, name
        assert term.mean.item() == pytest.approx(exact.terms[name].mean.item(), rel=0.05), name


def test_a_batch_moves_as_a_whole(make_batch: Takes) -> None:
    moved = make_batch().to("meta")
    tensors = [getattr(moved, f.name) for f in fields(moved) if f.name not in ("names", "mel", "singers")]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert moved.names == ("take-14", "take-20")


def test_real_and_made_are_judged_as_if_each_came_alone() -> None:
    torch.manual_seed(0)
    judge = Discriminator(DiscriminatorConfig(periods=(2, 3), scales=2, width=0.02, resolutions=(512,))).eval()
    real, fake = torch.randn(2, 1, 4001), torch.randn(2, 1, 4001)
    with torch.no_grad():
        both, turned = judge(real, fake), judge(fake, real)
    assert len(both.real_scores) == len(both.fake_features) == 5
    for one, other in zip(both.real_scores, turned.fake_scores, strict=True):
        torch.testing.assert_close(one, other)
    for one, other in zip(both.fake_features, turned.real_features, strict=True):
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"decoder": "wavernn"}, "no decoder 'wavernn'"),
        ({"predicted_f0_mix": 1.5}, "predicted_f0_mix 1.5"),
        ({"sung_share": -1}, "sung_share -1"),
    ],
)
def test_an_impossible_configuration_says_what_is_wrong(changed: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        VISingerConfig(**changed)
