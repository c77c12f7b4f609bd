// `npm start`: from a clean clone to a mirror that serves a signed bundle.
import { requireNode } from "./node-version.mjs";

requireNode();
import("./demo.mjs").then(({ demo }) => demo());
