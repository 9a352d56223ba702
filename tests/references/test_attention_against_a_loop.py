"""Relative self-attention against plain loops and, without relative positions, against torch's own."""

import torch

from visinger.models.parts.fft_block import FFTBlock, RelativeAttention


def _looped(attention: RelativeAttention, x: torch.Tensor, length: int) -> torch.Tensor:
    """The definition, query by query; only the first `length` positions exist."""
    width, window = attention.width, attention.window
    query, key, value = attention.query(x)[0], attention.key(x)[0], attention.value(x)[0]
    heard = torch.zeros(x.shape[1], length)
    for head in range(attention.heads):
        rows = slice(head * width, (head + 1) * width)
        for i in range(length):
            scores = []
            for j in range(length):
                score = query[rows, i] @ key[rows, j]
                if abs(j - i) <= window:
                    score = score + query[rows, i] @ attention.distance_keys[j - i + window]
                scores.append(score / width**0.5)
            weights = torch.softmax(torch.stack(scores), dim=0)
            for j in range(length):
                heard[rows, i] += weights[j] * value[rows, j]
                if abs(j - i) <= window:
                    heard[rows, i] += weights[j] * attention.distance_values[j - i + window]
    return attention.out(heard[None])


def test_relative_attention_is_its_plain_definition() -> None:
    torch.manual_seed(4)
    attention = RelativeAttention(8, heads=2, window=2, dropout=0.0)
    for length in (1, 2, 9):
        x = torch.randn(1, 8, length)
        with torch.no_grad():
            torch.testing.assert_close(
                attention(x, torch.ones(1, 1, length)), _looped(attention, x, length), atol=1e-5, rtol=1e-4
            )


def test_padding_is_not_attended_to() -> None:
    torch.manual_seed(4)
    attention = RelativeAttention(8, heads=2, window=2, dropout=0.0)
    x = torch.randn(1, 8, 9)
    mask = (torch.arange(9) < 6).float()[None, None]
    with torch.no_grad():
        torch.testing.assert_close(attention(x, mask)[..., :6], _looped(attention, x, 6), atol=1e-5, rtol=1e-4)


def test_without_distances_it_is_torchs_multi_head_attention() -> None:
    torch.manual_seed(6)
    attention = RelativeAttention(12, heads=3, window=2, dropout=0.0)
    torch.nn.init.zeros_(attention.distance_keys)
    torch.nn.init.zeros_(attention.distance_values)
    theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True)
    parts = (attention.query, attention.key, attention.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([part.weight[..., 0] for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.weight.copy_(attention.out.weight[..., 0])
        theirs.out_proj.bias.copy_(attention.out.bias)
        x = torch.randn(2, 12, 7)
        expected = theirs(x.mT, x.mT, x.mT, need_weights=False)[0].mT
        torch.testing.assert_close(attention(x, torch.ones(2, 1, 7)), expected, atol=1e-5, rtol=1e-4)


def test_an_fft_block_normalises_every_frame() -> None:
    torch.manual_seed(0)
    block = FFTBlock(16, filter_channels=32, dropout=0.0)
    out = block(torch.randn(2, 16, 5) * 40, torch.ones(2, 1, 5))
    torch.testing.assert_close(out.mean(dim=1), torch.zeros(2, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var(dim=1, unbiased=False), torch.ones(2, 5), atol=1e-3, rtol=0)
