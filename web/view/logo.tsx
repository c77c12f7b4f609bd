/** A sealed box, lifted. */
export function Logo() {
  return (
    <svg class="logo" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
      <rect x="3" y="3" width="26" height="26" rx="8" />
      <path d="M16 8v11M11.5 12.5L16 8l4.5 4.5M9 23h14" />
    </svg>
  );
}
