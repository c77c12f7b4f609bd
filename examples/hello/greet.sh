#!/bin/sh
# Greets whoever opened the bundle.
echo "Hello, ${1:-${USER:-friend}}. Every byte of this came through sealed."
