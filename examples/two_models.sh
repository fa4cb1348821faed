#!/bin/sh
# Two models on synthetic people: numbers, what noise does not explain, a gate, and a board.
set -eu

poseval demo --plain data --force --quiet > /dev/null
poseval score data/predictions.json --gt data/truth.json --save first.poseval
# The second is the first, two pixels further right and one down.
poseval convert data/predictions.json second.json --gt data/truth.json --to coco --transform offset=2,1 --force --quiet
poseval score second.json --gt data/truth.json --save second.poseval
poseval compare first.poseval second.poseval
poseval leaderboard first.poseval second.poseval --csv -
# A model that got worse than its baseline allows ends in 1, and with it the job.
poseval gate second.json --gt data/truth.json --baseline first.poseval --max-drop AP=0.5 || echo "the gate failed, as it should"
