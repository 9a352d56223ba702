#!/usr/bin/env bash
# The embedded voices, from recordings to voice folders: the exact commands, in order.
#   runs/voices.sh DATA      where DATA holds pjs/ and cmn-syllables/
# Every step goes on where it was interrupted; minutes are of wall time on two CPU cores.
set -euo pipefail
data=$1
work=runs/work
voices=src/visinger/voices/embedded

# Japanese: real singing
visinger prepare pjs "$data/pjs" prepared/pjs
visinger train small --corpus prepared/pjs --run $work/pjs-small --minutes "${JA_MINUTES:-120}"
visinger export $work/pjs-small $work/pjs --corpus prepared/pjs --name pjs --singer "the singer of PJS"
visinger evaluate $work/pjs --corpus prepared/pjs --checkpoint $work/pjs-small --examples examples --name pjs --out docs/results

# Mandarin: singing made from spoken syllables; the acoustic parts begin with the Japanese voice's weights
visinger prepare cmn-syllables "$data/cmn-syllables" prepared/cmn
visinger train small --corpus prepared/cmn --run $work/cmn-small --init $work/pjs-small --minutes "${ZH_MINUTES:-60}"
visinger export $work/cmn-small $work/cmn-syllables --corpus prepared/cmn --name cmn-syllables --singer "Chen Wang (speech)"
visinger evaluate $work/cmn-syllables --corpus prepared/cmn --checkpoint $work/cmn-small --examples examples --name cmn-syllables --out docs/results

# Embedded only when better than the voice before: the cards are written with what was measured
for voice in pjs cmn-syllables; do
  run=$work/${voice%-syllables}-small
  visinger export "$run" $voices/$voice --corpus "prepared/${voice%-syllables}" --name $voice --measured docs/results/$voice.json
done
