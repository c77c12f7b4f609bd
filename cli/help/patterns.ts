export const PATTERNS = `A source with a * in it names every image that fits. The * stands for any
characters, slashes too; quote it, so that the shell leaves it alone.

From:
  registry://HOST/PATTERN[:TAG]
                       repositories that the registry lists; the tag may be a
                       pattern too, and is latest where it is left out
  quay://ORGANISATION[/PATTERN[:TAG]]
                       the same at quay.io
      ?token=TOKEN     for what is not public
      ?label=KEY=VALUE those with the label
      ?host=HOST       at another Quay
  tar://FILE#PATTERN   images of an archive; #* is all of them. So are
                       oci-archive://, oci-layout://, dir:// and bundle://

To, each under its own name:
  tar://FILE, oci-archive://FILE, oci-layout://FOLDER, dir://FOLDER
  registry://HOST/PREFIX/
                       below a place in a registry; the slash at the end says so

The run ends at the first image that fails; with --keep-going it goes on, and
its exit code is 1.

Examples:
  $ sealift copy 'registry://registry.example.com/team/*:1.0' \\
      oci-archive://team.tar
  $ sealift copy 'oci-archive://team.tar#*' registry://127.0.0.1:5050/mirror/
  $ sealift copy 'registry://registry.example.com/team/*:1.*' oci-layout://team
`;
