/** Line icons, 24 units square, drawn in the text's colour. Always beside a word, so hidden from readers. */

const PATHS = {
  verified: "M12 3l7 3v5c0 4.6-3 8.3-7 10-4-1.7-7-5.4-7-10V6l7-3zM8.5 12l2.5 2.5 4.5-5",
  intact: "M12 3l7 3v5c0 4.6-3 8.3-7 10-4-1.7-7-5.4-7-10V6l7-3zM12 8.5v4M12 15.5v.01",
  untrusted: "M12 4l9 16H3l9-16zM12 10v4.5M12 17.2v.01",
  failed: "M12 3l7 3v5c0 4.6-3 8.3-7 10-4-1.7-7-5.4-7-10V6l7-3zM9.3 9.3l5.4 5.4M14.7 9.3l-5.4 5.4",
  refused: "M12 3a9 9 0 100 18 9 9 0 000-18zM5.8 5.8l12.4 12.4",
  pass: "M5 12.5l4.5 4.5L19 7.5",
  fail: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  skipped: "M6 12h12",
  chevron: "M9 6l6 6-6 6",
  artifact: "M12 3l8 4.2v9.6L12 21l-8-4.2V7.2L12 3zM4 7.2l8 4.3 8-4.3M12 11.5V21",
  index: "M12 3l9 5-9 5-9-5 9-5zM3 12l9 5 9-5M3 16l9 5 9-5",
  image: "M12 3l8 4.2v9.6L12 21l-8-4.2V7.2L12 3zM4 7.2l8 4.3 8-4.3M12 11.5V21",
  layer: "M12 6l9 5-9 5-9-5 9-5zM3 15l9 5 9-5",
  config: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  signature: "M8 20a4 4 0 100-8 4 4 0 000 8zM10.8 13.2L20 4M15.5 8.5l3 3",
  folder: "M3 6h6l2 2.5h10V19H3V6z",
  file: "M6 3h8l4 4v14H6V3zM14 3v4h4",
  link: "M10 14a4 4 0 005.7 0l3-3A4 4 0 1013 5.3l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 1011 18.7l1-1",
  device: "M5 5h14v14H5V5zM9 9h6v6H9V9z",
  absent: "M12 3a9 9 0 100 18 9 9 0 000-18zM8 12h8",
  key: "M8 20a4 4 0 100-8 4 4 0 000 8zM10.8 13.2L20 4M15.5 8.5l3 3",
  drop: "M12 15V4M8 8l4-4 4 4M4 15v5h16v-5",
  save: "M12 4v11M8 11l4 4 4-4M4 19h16",
  copy: "M9 9h11v11H9V9zM15 5H4v11",
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  offline: "M12 3l7 3v5c0 4.6-3 8.3-7 10-4-1.7-7-5.4-7-10V6l7-3z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
