export const ENVIRONMENT = `An option of the command goes before its variable. Of those marked *, the name
with OCCYSTRAP_ in place of SEALIFT_ is read too.

  SEALIFT_USERNAME*, SEALIFT_PASSWORD*, SEALIFT_TOKEN*, SEALIFT_REGISTRY
      a login: see \`sealift help credentials\`
  SEALIFT_COMPRESSION*    as --compression: gzip or zstd
  SEALIFT_PARALLEL*       as --parallel: layers under way at once
  SEALIFT_LAYER_CACHE*    as --layer-cache: file or folder that remembers layers
  SEALIFT_TEMP_DIR*       as --temp-dir: where temporary files lie; else TMPDIR
  SEALIFT_KEY_PASSWORD    password of private keys; or COSIGN_PASSWORD
  SEALIFT_WORKERS         threads that compress beside the main one
  SEALIFT_ENGINE          wasm or native: see \`sealift doctor engines --help\`

  SOURCE_DATE_EPOCH       seconds: what normalize-timestamps sets times to, and
                          when a bundle was made
  XDG_CONFIG_HOME         configuration and logins; else ~/.config
  XDG_CACHE_HOME          indexes of layers, and where \`sealift cache\` looks
                          unless told; else ~/.cache
  DOCKER_HOST, DOCKER_CONTEXT, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH
                          which daemon, as docker's own command takes them
  DOCKER_CONFIG, REGISTRY_AUTH_FILE
                          where docker's and podman's logins are
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY
                          the proxy to registries, and the hosts it is not for;
                          this machine is always asked directly
  NODE_EXTRA_CA_CERTS     file of certificates to trust besides the usual ones
  NO_COLOR                no colours
  CI                      lines now and then in place of moving progress

Examples:
  $ SOURCE_DATE_EPOCH=1700000000 sealift process oci-archive://app.tar \\
      tar://app-docker.tar -f normalize-timestamps:clamp=true
  $ SEALIFT_LAYER_CACHE=layers SEALIFT_COMPRESSION=zstd \\
      sealift process oci-archive://app.tar registry://127.0.0.1:5050/app:zstd
`;
