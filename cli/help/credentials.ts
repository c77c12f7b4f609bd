export const CREDENTIALS = `A login is for one registry and is shown to no other. They are tried in this
order, and after them none; a registry that refuses one is asked with the next:

  1. --username and --password, for the one registry that the command names
  2. SEALIFT_USERNAME and SEALIFT_PASSWORD, or SEALIFT_TOKEN alone, for the
     registry in SEALIFT_REGISTRY, else the one that the command names; so with
     OCCYSTRAP_…, PAKTO_REGISTRY_… and PACTO_REGISTRY_…
  3. what \`sealift login\` keeps, in ~/.config/sealift/auth.json
  4. registry.auth.username and .password in ~/.config/sealift/sealift.yaml,
     then in /etc/sealift/sealift.yaml, for the host of registry.default;
     \${NAME} is a variable. Then pacto's config.json and Pakto's pakto.yaml
  5. GitHub's command line, gh, for ghcr.io
  6. docker's ~/.docker/config.json, with its credential helpers
  7. podman's auth.json, at REGISTRY_AUTH_FILE and where podman keeps it

A login in the URI, registry://USER:PASSWORD@HOST/… or ?username=…&password=…,
takes the place of them all. What stands in a command other users of this
machine can see: \`sealift login\` and the environment are safer. No login is
shown in messages, logs or results.

Examples:
  $ echo "$TOKEN" | sealift login registry.example.com -u ada --password-stdin
  $ SEALIFT_USERNAME=ada SEALIFT_PASSWORD="$TOKEN" \\
      sealift info registry://registry.example.com/team/app:1.0
  $ sealift logout registry.example.com
`;
