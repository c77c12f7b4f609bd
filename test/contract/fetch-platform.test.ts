import { fetchContract } from "./fetch.ts";

fetchContract("the platform's fetch", () => (url, init) => fetch(url, init));
