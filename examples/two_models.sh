#!/bin/sh
# Two models on synthetic people: numbers, what noise does not explain, a gate, and a board.
set -eu

poseval demo --plain data --force --quiet > /dev/null
poseval score data/predictions.json --gt data/truth.json --save first.poseval
poseval convert data/predictions.json second.json --gt data/truth.json --to coco --force --quiet
poseval compare first.poseval second.json --gt data/truth.json
poseval gate second.json --gt data/truth.json --baseline first.poseval --max-drop AP=0.5
poseval leaderboard first.poseval --csv -
