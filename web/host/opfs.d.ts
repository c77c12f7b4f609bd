/** Files of the origin private file system as workers have them; TypeScript's DOM library is the window's. */
interface FileSystemSyncAccessHandle {
  write(chunk: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  flush(): void;
  close(): void;
}

interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}
