"""What the study's page says in words that no record can give: how the results read, and their limits."""

from __future__ import annotations

INTRODUCTIONS = {
    "q5_augmentation": (
        "5. Augmentation (open question 2)",
        "Speed: 0.88, 1 or 1.12. Noise: multi-condition training. `all` is noise, speed and SpecAugment.",
    ),
    "q6_attention": (
        "6. Attention (open question 1)",
        "The map of stage 3, averaged over the bands, is a sequence of seven vectors, which attention pooling weighs or two "
        "transformer layers of width 256 with four heads encode. Both cost what the global average costs: see the MACs (the minutes tell how busy the machine was).",
    ),
    "q7_front_end": (
        "7. The front end",
        "128 bands need an FFT of 512 points, or low bands would be empty. More bands cost more time for the same passes.",
    ),
    "q8_hearing_first": (
        "8. Seeing or hearing first (open question 3)",
        "Contrastive training (`study/contrastive_trainer.py`) from random weights, without labels, on the recordings that training may "
        "use: the same speech, two more speakers, other words, environmental sounds. Contrastive, not masked: it needs no "
        "decoder, and a convolution sees the edges of a mask. Fine-tuning is the same for all rows. wav2vec 2.0 and HuBERT "
        "cannot be downloaded where this ran: `python -m study.self_supervised` runs them where they can.",
    ),
}
"""Title and first words of the questions that have one table and one figure."""

READINGS = {
    "q1_systems": "The ResNet leads every baseline in both trainings, and by more than the paper says. The order of the baselines is "
    "another one: here the LSTM leads them and the CNN comes last after multi-condition training, in the paper the CNN leads "
    "them. After clean training no system does much better at -5 dB than a guess. Much of "
    "the lead after multi-condition training comes from FSDD's two speakers, of whose corpus training knows four: on AN4's "
    "nine, of whom it knows many, the LSTM comes close.",
    "q2_pretraining": "With the same budget random weights stay far behind. With three times the budget they close most of the gap, and "
    "then stand above every baseline of question 1 (which had a third of it): the network is worth something without the "
    "pictures. What transfer saves is time and recordings: a quarter of the clips with ImageNet weights gives more than all of "
    "them with random weights and three times the budget.",
    "q3_freezing": "The stem and the first stage may be frozen without a difference that this test can show, and with less to compute. "
    "From the second stage on freezing costs accuracy, most of it in noise. The head alone learns next to nothing in this "
    "budget: what the stages say of a photograph is not enough to tell words apart. Gradual unfreezing is behind learning "
    "everything from the start, since its lower stages learn for one or two passes only.",
    "q4_noises": "After multi-condition training all noises are alike down to 10 dB; below, exhibition, street and babble are the hardest. "
    "After clean training the steady ones (subway, exhibition, street, station) do the harm, and babble the least. Nine and "
    "zero suffer most, five and eight least; nine is taken for five.",
    "q5_augmentation": "Noise is what helps against noise, the kinds of noise in set B included. **Speed and SpecAugment on top of it do harm "
    "in this budget**: noise alone is the best row of the whole study, and better than the base that the other questions "
    "share. SpecAugment alone is worse than nothing in heavy noise. Longer trainings may turn this around; this one says that "
    "they cannot be taken for granted.",
    "q6_attention": "Attention pooling is a little ahead and the transformer a little behind, each by less than two trainings of the same row "
    "lie apart; corrected for the number of claims neither is decided. The sequence has only seven vectors, and by the third stage each "
    "of them can see the whole clip, so there is little for attention to find.",
    "q7_front_end": "Bands and normalisation make no difference over 0 to 20 dB that one seed and eleven speakers can show; 80 bands stand a little above 64, "
    "128 with their longer window below. PCEN is ahead in heavy noise, where its interval leaves out zero, and behind in "
    "clean speech.",
    "q8_hearing_first": "An hour and a half of open audio without labels is worth far more than random weights at the same fine-tuning, nearly as "
    "much as three times the budget (question 2), and less than ImageNet's pictures. What was heard first fits the task "
    "(digits, words, noise), so this is a friendly case; the minutes of the contrastive training come on top.",
}
"""By question, below its table."""

SEEDS = """Three seeds were trained where three cost less than an hour of one core as measured here (questions 6 and 8, and the
row that they are compared with). The machine was busy: question 3, just over the hour here, would be under it on a quiet one. The other rows have as many as their tables say, most of them one;
`python -m study` adds the missing ones to these records."""
"""How many, and why."""


LIMITS = """- Eleven test speakers. FSDD's two are almost half of the clips, and after multi-condition training harder than AN4's nine.
  Intervals by speaker are wide for that reason, and a bootstrap over so few is itself rough: it cannot see what a twelfth
  speaker would do.
- The intervals hold the chance of the test speakers, not that of the training: `sd` and the number of seeds tell of that. A row
  with one seed can differ from its neighbour for no other reason than its seed: by two points between the base's three seeds, by
  four between the transformer's (question 6).
- The claim on speed and SpecAugment on top of noise was added after its numbers had been seen; the others stood before. An earlier
  round of the first question (five passes, three learning rates tuned on clean speech outside the channel, unequal minutes) was
  thrown away for its tuning after six of its ten runs, whose numbers had been seen; it is in the history of the repository.
- Four passes are few, and the paper does not say its budget. A longer one lifts random weights (question 2) and the
  baselines more than pretrained weights.
- Every system learns with speed and SpecAugment, which question 5 finds to cost the ResNet accuracy in this budget. What they
  cost the baselines, which learn slower, was not measured: part of the distances in the first table may be theirs.
- Tuning was five settings on 191 clips of eight speakers: it cannot tell settings apart that lie two points from each other.
  Layers and sizes were not tuned; the paper does not give those of its baselines, ours are in [models.md](models.md). Our CNN averages
  over time where others flatten, and so does not know the order of sounds that lie far apart.
- NOIZEUS's scenes are short: in set A the test's noise is cut from the same recordings as that of training. Set B's scenes
  are others. Nothing here tells of noise at SNRs that people speak up against (Lombard speech).
- AN4's words are cut out of fluent spelling, FSDD's are trimmed tight: neither is Aurora-2's material, and no number here may be
  read as the paper's.
- Hearing first had an hour and a half of audio, where ImageNet has a million pictures: question 8 tells what can be done with the open
  recordings at hand, not what hearing first is worth."""
