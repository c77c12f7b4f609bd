/** Gzip between us and every program that writes or reads it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GzipLevel, Kernels } from "../../src/kernel/kernels.ts";
import { wasmKernels } from "../../src/kernel/wasm.ts";
import { cutEvery, mixture, noise, prose, runCodec } from "../contract/kernels-input.ts";
import { kernelModule } from "../unit/kernel/module.ts";
import { describeWith, findBinary, run, temporaryFolder } from "./peer.ts";

const folder = temporaryFolder();
afterAll(() => folder.dispose());

let kernels: Kernels;
beforeAll(async () => {
  kernels = wasmKernels(await kernelModule());
});

/** Text, noise, zeros, a mixture of all, more than a megabyte, nothing, and a single byte. */
const SAMPLES = [
  prose(120_000),
  noise(70_000),
  new Uint8Array(300_000),
  mixture(1_300_000, 3),
  new Uint8Array(),
  Uint8Array.of(7),
];
const samples = SAMPLES.map((data, i) => ({ data, path: join(folder.path, `sample${i}`) }));
beforeAll(() => {
  for (const { data, path } of samples) writeFileSync(path, data);
});

/** Every file a command made is read to what it was made of, cut in any way. */
function expectRead(packed: Uint8Array, data: Uint8Array, what: string): void {
  for (const size of [packed.length || 1, 4099]) {
    const content = runCodec(kernels.gunzip(), cutEvery(packed, size));
    expect(content.equals(data), `${what}, pieces of ${size}`).toBe(true);
  }
}

/** A shell line for each sample; its `$0` is the sample, its output the gzip. */
async function expectReads(line: string, chosen = samples): Promise<void> {
  const output = join(folder.path, "packed.gz");
  for (const { data, path } of chosen) {
    await run("sh", ["-c", `${line} > "${output}"`, path]);
    expectRead(readFileSync(output), data, `${line} of ${path}`);
  }
}

describeWith(["gzip"], "gzip", () => {
  for (const level of [1, 6, 9]) test(`-${level} is read`, () => expectReads(`gzip -${level} -c "$0"`));
  test("--rsyncable, and files one behind the other, are read", async () => {
    await expectReads('gzip --rsyncable -c "$0"');
    const [first, second] = [SAMPLES[0] as Uint8Array, SAMPLES[3] as Uint8Array];
    const both = samples.slice(0, 1).map(({ path }) => ({ path, data: Buffer.concat([first, second]) }));
    await expectReads(`(gzip -c "$0"; gzip -9 -c "${samples[3]?.path}")`, both);
  });
});

describeWith(["libdeflate-gzip"], "libdeflate", () => {
  for (let level = 1; level <= 12; level++) {
    test(`-${level} is read`, () => expectReads(`libdeflate-gzip -${level} -c "$0"`));
  }
});

describeWith(["pigz"], "pigz", () => {
  for (const options of ["-1", "-6", "-9", "-i", "-i -b 128 -p 3", "-H", "-U", "-R", "-0"]) {
    test(`${options} is read`, () => expectReads(`pigz ${options} -c "$0"`));
  }
  // It searches for seconds on a megabyte.
  test("-11 is read", () => expectReads('pigz -11 -I 2 -c "$0"', samples.slice(0, 1)));
});

describeWith(["zopfli"], "zopfli", () => {
  test("is read", () =>
    expectReads('zopfli --i2 --gzip -c "$0"', [...samples.slice(0, 1), ...samples.slice(4)]));
});

/** Writes a file of each setting, named by it: one process for all, since its start is most of the time. */
const PYTHON_WRITES = `
import gzip, sys, zlib
data, prefix = open(sys.argv[1], "rb").read(), sys.argv[2]
def write(name, packed):
    open(prefix + name, "wb").write(packed)
    print(name)
for level in range(10):
    write(f"gzip-{level}", gzip.compress(data, level, mtime=1))
def flushed(level, bits, memory, strategy):
    packer = zlib.compressobj(level, zlib.DEFLATED, 16 + bits, memory, strategy)
    out = packer.compress(data[:1000]) + packer.flush(zlib.Z_SYNC_FLUSH)
    out += packer.compress(data[1000:50000]) + packer.flush(zlib.Z_FULL_FLUSH)
    out += packer.compress(data[50000:70000]) + packer.flush(zlib.Z_PARTIAL_FLUSH)
    return out + packer.compress(data[70000:]) + packer.flush()
for level in (0, 1, 6, 9):
    for bits in (9, 12, 15):
        for memory in (1, 9):
            for strategy in range(5):
                write(f"zlib-{level}-{bits}-{memory}-{strategy}", flushed(level, bits, memory, strategy))
`;

describeWith(["python3"], "Python", () => {
  const chosen = samples.filter((_, i) => i !== 2);
  test.each(chosen)(
    "gzip of $data.length bytes is read at every level, zlib at any window, memory and strategy, flushed on the way",
    async ({ data, path }) => {
      const script = join(folder.path, "pack.py");
      writeFileSync(script, PYTHON_WRITES);
      const { stdout } = await run("python3", [script, path, `${path}.`]);
      const names = stdout.trim().split("\n");
      expect(names).toHaveLength(130);
      for (const name of names) expectRead(readFileSync(`${path}.${name}`), data, `${name} of ${path}`);
    },
  );
});

const GO = `package main

import (
	"compress/gzip"
	"io"
	"os"
	"strconv"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	if os.Args[1] == "read" {
		reader, err := gzip.NewReader(os.Stdin)
		check(err)
		_, err = io.Copy(os.Stdout, reader)
		check(err)
		return
	}
	level, err := strconv.Atoi(os.Args[1])
	check(err)
	writer, err := gzip.NewWriterLevel(os.Stdout, level)
	check(err)
	writer.Name, writer.Comment, writer.Extra = "name", "comment", []byte{1, 2, 3}
	_, err = io.Copy(writer, os.Stdin)
	check(err)
	check(writer.Close())
}
`;

describeWith(["go"], "Go's compress/gzip", () => {
  const program = join(folder.path, "go-gzip");
  beforeAll(async () => {
    writeFileSync(`${program}.go`, GO);
    await run("go", ["build", "-o", program, `${program}.go`], { cwd: folder.path });
  });
  test("is read at every level, Huffman only too", async () => {
    for (let level = -2; level <= 9; level++) await expectReads(`"${program}" ${level} < "$0"`);
  });
  test("reads what we write", () => expectWritten(`"${program}" read < "$0"`));
});

const LEVELS: readonly GzipLevel[] = [1, 6, 9];

/** What we write of each sample at each level; a shell line whose `$0` is the gzip gives the sample again. */
async function expectWritten(line: string): Promise<void> {
  const path = join(folder.path, "ours.gz");
  const output = join(folder.path, "ours");
  for (const { data } of samples) {
    for (const level of LEVELS) {
      writeFileSync(path, runCodec(kernels.gzip({ level }), cutEvery(data, 70_001)));
      await run("sh", ["-c", `${line} > "${output}"`, path]);
      expect(readFileSync(output).equals(data), `${line}, level ${level}`).toBe(true);
    }
  }
}

describe("what we write is read by", () => {
  for (const program of ["gzip", "pigz", "libdeflate-gzip"]) {
    describeWith([program], program, () => {
      test("and passes its test", () => expectWritten(`${program} -t -- "$0" && ${program} -dc -- "$0"`));
    });
  }
  describeWith(["python3"], "Python", () => {
    const read = "import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())";
    test("as gzip", () => expectWritten(`python3 -c '${read}' "$0"`));
  });
  describeWith(["chromium"], "Chromium", () => {
    test("through DecompressionStream", async () => {
      const browser = await launch({
        executablePath: findBinary("chromium") as string,
        args: ["--no-sandbox", "--disable-gpu"],
      });
      try {
        const page = await browser.newPage();
        for (const { data } of samples) {
          for (const level of LEVELS) {
            const packed = runCodec(kernels.gzip({ level }), [data]).toString("base64");
            const content = await page.evaluate(async (text) => {
              const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
              const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
              const content = await new Response(stream).blob();
              return new Promise<string>((resolve) => {
                const reader = new FileReader();
                reader.onload = () => resolve(String(reader.result).replace(/^.*,/, ""));
                reader.readAsDataURL(content);
              });
            }, packed);
            expect(Buffer.from(content, "base64").equals(data), `level ${level}`).toBe(true);
          }
        }
      } finally {
        await browser.close();
      }
    });
  });
});
