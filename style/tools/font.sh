#!/bin/sh
# Cuts the Latin part of Inter down to what the style sheet uses: weights 400 to 700, kerning and figures of one width.
# Needs fonttools and brotli from PyPI. Usage: style/tools/font.sh inter-latin-wght-normal.woff2 (from @fontsource-variable/inter)
set -eu
cut="$(mktemp -d)/inter.ttf"
fonttools varLib.instancer "$1" wght=400:700 -o "$cut"
pyftsubset "$cut" --unicodes='*' --layout-features=kern,tnum --no-hinting --flavor=woff2 \
    --name-IDs=0,1,2,3,4,5,6,13,14 --output-file="$(dirname "$0")/../../public/fonts/inter-latin.woff2"
