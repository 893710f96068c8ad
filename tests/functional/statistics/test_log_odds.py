"""Log-odds against probabilities."""

import torch

from emocam.functional.statistics.log_odds import log_odds


def test_log_odds_are_those_of_the_probability() -> None:
    logits = torch.randn(50, 7, dtype=torch.float64)
    label = torch.randint(7, (50,))
    share = logits.softmax(-1).gather(-1, label[:, None])[:, 0]
    torch.testing.assert_close(log_odds(logits, label), share.logit())


def test_two_labels_differ_by_their_logits() -> None:
    assert log_odds(torch.tensor([[3.0, 1.0]]), torch.tensor([0])).tolist() == [2.0]
