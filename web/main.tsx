/** The page as a registry serves it: its worker beside it, its keys in the browser, itself kept for offline. */
import { render } from "preact";
import { databaseKeys } from "./host/key-store.ts";
import { Verifier } from "./state/verifier.ts";
import "./style/style.css";
import { App } from "./view/app.tsx";

const worker = new Worker(new URL("./worker/verify.worker.ts", import.meta.url), { type: "module" });
const root = document.getElementById("app");
if (root) render(<App verifier={new Verifier(worker, databaseKeys)} registry />, root);

// Without it the page works as long as it can be fetched; a browser may forbid it.
if (import.meta.env.PROD) navigator.serviceWorker?.register("/assets/sw.js", { scope: "/" }).catch(() => {});
