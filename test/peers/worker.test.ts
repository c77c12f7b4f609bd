import { registryPeers } from "./registry-peers.ts";
import { startWorker } from "./worker.ts";

registryPeers("the mirror in workerd", () => startWorker());
