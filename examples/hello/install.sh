#!/bin/sh
# Runs beside what the bundle was opened to.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sh "$here/hello/greet.sh"
echo "The page: file://$here/hello/page/index.html"
