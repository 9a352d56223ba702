#!/usr/bin/env bash
# The embedded voices, from recordings to voice folders: the exact commands, in order.
#   runs/voices.sh DATA      where DATA holds pjs/ and cmn-syllables/
# Every step goes on where it was interrupted. Two runs of one thread each share two cores best: OMP_NUM_THREADS=1.
set -euo pipefail
data=$1
work=runs/work
voices=src/visinger/voices/embedded

# Japanese: real singing. Three runs, each beginning with the one before's weights, discriminators only in the last
visinger prepare pjs "$data/pjs" prepared/pjs
visinger train small --corpus prepared/pjs --run $work/pjs-1 --steps 2000 --set training.adversarial_from_step=9999
visinger train small --corpus prepared/pjs --run $work/pjs-2 --init $work/pjs-1 --steps 500 \
  --set training.adversarial_from_step=9999 --set training.kl_warm_up_steps=0
visinger train small --corpus prepared/pjs --run $work/pjs-3 --init $work/pjs-2 --steps 2000 \
  --set training.adversarial_from_step=0 --set training.kl_warm_up_steps=0
# … and on from there (a voice's name or folder may stand in place of pjs-3: then its posterior encoder is lost and settles first):
# 500 steps of that alone, 244 of everything, then half of the takes decoded as they will be sung, the rate falling faster
visinger train small --corpus prepared/pjs --run $work/pjs-settle --init $work/pjs-3 --steps 500 --set training.adversarial_from_step=0 \
  --set training.kl_warm_up_steps=0 --set weights.adversarial=0 --set weights.feature_matching=0 --set training.ema=0 \
  --set model.sung_share=0 --set 'training.parts=["posterior_encoder","phoneme_predictor"]'
visinger train small --corpus prepared/pjs --run $work/pjs-4 --init $work/pjs-settle --steps 244 --set training.adversarial_from_step=100 \
  --set training.kl_warm_up_steps=0 --set model.sung_share=0 --set optimiser.decay_per_epoch=0.9885
visinger train small --corpus prepared/pjs --run $work/pjs-5 --init $work/pjs-4 --steps 1274 --set training.adversarial_from_step=0 \
  --set training.kl_warm_up_steps=0 --set optimiser.decay_per_epoch=0.988
visinger train small --corpus prepared/pjs --run $work/pjs-5 --init $work/pjs-4 --steps 2039 --accept-changes \
  --set training.adversarial_from_step=0 --set training.kl_warm_up_steps=0 --set optimiser.decay_per_epoch=0.977
visinger export $work/pjs-5 $work/pjs --corpus prepared/pjs --name pjs --singer "the singer of PJS" --noise 0.33
visinger evaluate $work/pjs --corpus prepared/pjs --checkpoint $work/pjs-5 --examples examples --name pjs --out docs/results --pictures 2

# Mandarin: singing made from spoken syllables; the acoustic parts begin with the Japanese voice's weights
visinger prepare cmn-syllables "$data/cmn-syllables" prepared/cmn
visinger train small --corpus prepared/cmn --run $work/cmn-1 --init $work/pjs-2 --steps "${ZH_STEPS:-3000}" \
  --set training.adversarial_from_step=1500 --set training.kl_warm_up_steps=800
visinger export $work/cmn-1 $work/cmn-syllables --corpus prepared/cmn --name cmn-syllables \
  --singer "Chen Wang, speaking; the singing is made" --noise 0.33
visinger evaluate $work/cmn-syllables --corpus prepared/cmn --checkpoint $work/cmn-1 --examples examples --name cmn-syllables \
  --out docs/results --pictures 2 --left-out "$data/cmn-syllables" --recogniser-minutes 14

# Embedded only when better than the voice before: the cards are written with what was measured (and --verdict, their first words)
visinger export $work/pjs-5 $voices/pjs --corpus prepared/pjs --singer "the singer of PJS" --noise 0.33 --measured docs/results/pjs-pjs.json
visinger export $work/cmn-1 $voices/cmn-syllables --corpus prepared/cmn --singer "Chen Wang, speaking; the singing is made" \
  --noise 0.33 --measured docs/results/cmn-syllables-cmn-syllables.json

# The page: gates of both, ten phrases each beside the recordings, and what is still wrong
visinger exhibit $work/evaluation/exhibits/pjs $work/evaluation/exhibits/cmn-syllables --out docs/results/voices.html \
  --wrong pjs=docs/results/pjs/still-wrong.txt --wrong cmn-syllables=docs/results/cmn-syllables/still-wrong.txt
