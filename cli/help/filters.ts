export const FILTERS = `Each -f NAME:OPTION=VALUE,… of \`sealift process\` changes the image on its way,
in their order. A layer in which nothing changes keeps its
bytes; what changes gets new digests, the same on every machine.

  normalize-timestamps[:ts=SECONDS][,clamp=true][,config=true]
      set all times in all layers to SECONDS, else SOURCE_DATE_EPOCH, else 0;
      with clamp only those that are later; with config also those of the
      config, so that the image's ID is the same whenever it was built
  exclude:pattern=GLOB[,GLOB…]
      take out what matches, folders with all in them; * stays within a name,
      ** spans folders, {a,b} and [ab] choose, \\[ is a bracket itself; one that
      is left open is refused; caf\\351 is a name that is not UTF-8
  squash[:from=N]
      make one layer of all, or of those above the first N, if there are N
  search:pattern=GLOB[,regex=true][,script-friendly=true]
      tell which paths match; see also \`sealift search\`
  inspect:file=FILE
      append a line of JSON about the image and its layers to FILE
  annotate:KEY=VALUE[,KEY=VALUE…]
      annotate the manifest; config.label.KEY=VALUE sets a label
  recompress:format=gzip|zstd|none[,level=LEVEL]
      compress the layers otherwise, gzip at 1, 6 (usual) or 9, zstd at 3;
      use it last
  only-platform:platform=OS/ARCH[/VARIANT][,…]
      with --all-platforms, leave only these

Examples:
  $ sealift process oci-archive://app.tar tar://plain.tar \\
      -f normalize-timestamps
  $ sealift process oci-archive://app.tar oci-archive://small.tar \\
      -f 'exclude:pattern=**/.git,**/*.pyc' -f squash -f recompress:format=zstd
  $ sealift process oci-archive://app.tar oci-archive://ours.tar \\
      -f annotate:org.opencontainers.image.vendor=Us,config.label.tier=web
`;
