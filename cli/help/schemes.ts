export const SCHEMES = `A source and a destination are URIs: SCHEME://PATH?OPTION=VALUE&…#REF

From and to:
  registry://[USER:PASSWORD@]HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]
                       without a tag latest; docker.io is Docker Hub
      ?insecure=true   speak HTTP; false: HTTPS to this machine too
  tar://FILE           docker save's archive; read, an OCI archive too, both
                       also gzipped, and - is standard input
  oci-archive://FILE   an OCI layout in a tar
  oci-layout://FOLDER  an OCI layout; images are added to what is there; blobs
                       that nothing names stay (\`umoci gc\` takes them)
  dir://FOLDER         docker save's files, unpacked, and catalog.json, which
                       lists the folder's images; layers that are there are kept
      ?unique_names=true  list the image in manifest-IMAGE-TAG.json, so that
                          the folder holds many
      ?expand=true     also unpack the root file system, into manifest or
                       manifest-IMAGE-TAG, and tell what flattening saves
  bundle://FILE#NAME   an image of a bundle; written, a bundle of one image
  docker://NAME[:TAG]  an image that docker or podman has here; written, it is
                       loaded under that name
      ?socket=PATH, ?host=tcp://HOST:PORT
                       which daemon; else that of DOCKER_HOST or docker's
                       context, else the first socket there is

From only:
  dockerpush://NAME[:TAG]
                       the same, pushed by the daemon to a registry of ours on
                       127.0.0.1, its layers compressed by the daemon
  tar://https://HOST/FILE, oci-archive://https://HOST/FILE
                       an archive on a web server, read as far as is needed

To only:
  oci://FOLDER         a bundle that runc starts: rootfs and config.json
      ?readonly=true   the container cannot write to its root
      ?hostname=NAME   what it is called inside; else sealift
  mounts://FOLDER      each layer unpacked, and an overlay of them mounted at
                       FOLDER/rootfs; needs root

#REF picks one of several images, or names the one that is written. Of several
platforms --platform or ?os=…&arch=…&variant=… picks one, else linux/amd64. In a
file's path %3F is a question mark and %23 a hash.

Examples:
  $ sealift process registry://docker.io/library/debian:bookworm \\
      tar://debian.tar
  $ sealift process 'oci-archive://app.tar?arch=arm64' 'oci-layout://layout#app'
  $ sealift process docker://app:1.0 registry://127.0.0.1:5050/app:1.0
  $ cat app.tar | sealift process tar://- 'dir://images?unique_names=true'
`;
