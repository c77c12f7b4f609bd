/** verify.html: the page in one file. Its worker lies in it as text, as a file may load no other. */
import { render } from "preact";
import { passingKeys } from "./host/key-store.ts";
import { Verifier } from "./state/verifier.ts";
import "./style/style.css";
import { App } from "./view/app.tsx";

const source = document.getElementById("worker")?.textContent ?? "";
const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
const root = document.getElementById("app");
if (root) render(<App verifier={new Verifier(worker, passingKeys)} registry={false} />, root);
