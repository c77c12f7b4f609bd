export const OUTPUT = `A command's result goes to standard output, all else to standard error.

  --json, -O json      the result for programs; a failure is {"error": …} with
                       its code and hint, and the exit code says of what kind
  --quiet, -q          no progress and no notes; warnings are said
  --verbose            also each request that is tried again, each layer that
                       the cache knows, and so on
  --debug              also what led to an error, with its place in the program
  --log-format json    progress and notes as lines of JSON: time, level,
                       message, and for some an event with its fields. Levels
                       are info for milestones, debug for single requests and
                       layers (with --verbose), warning and error

Progress is a moving line for each layer on a terminal; elsewhere, and where CI
is set, a line every ten seconds.

The last line of process and copy is a summary; in --json it is "summary":
  layers, bytesOut     how many, and their bytes at the destination
  bytesIn              their bytes at the source, where that is known
  outcomes             how many were uploaded, mounted, written, there already
                       (exists), or unpacked
  elapsed              seconds of the whole run
  making, uploading    seconds in which some layer was rewritten or compressed,
                       and in which some blob was on its way to a registry
  cacheHits            layers that the layer cache spared us
  retries              requests that were made again
  verified             quick or full, where it was read back. Quick reads
                       manifests and configs, and asks that each layer is there
                       with its size: of one that was there before (exists) it
                       does not read the bytes. Full reads every byte; what a
                       layout had and is damaged, it writes anew

Exit codes: 0 ok · 1 failed · 2 wrong usage · 3 not verified
            4 refused by policy · 5 not found, unreachable or not authorised
            130 interrupted

Examples:
  $ sealift info oci-archive://app.tar --json
  $ sealift copy oci-archive://app.tar oci-layout://app --log-format json
`;
