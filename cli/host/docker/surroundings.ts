/** What of this machine says where the daemon is. */
export interface DockerSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  /** Undefined where users have no number. */
  readonly uid: number | undefined;
}
