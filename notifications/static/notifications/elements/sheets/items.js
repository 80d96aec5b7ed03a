// @ts-check
/**
 * The rows of the centre, and what stands in the place of one that was taken away. The whole row leads where its link
 * leads; what else can be clicked lies above it.
 */

export const ITEMS = `
.item {
  position: relative;
  display: grid;
  grid-template-columns: 1fr;
  padding: 0.7rem 0.6rem 0.35rem 2.1rem;
  padding-inline: 2.1rem 0.6rem;
}
.item + .item { border-block-start: 1px solid var(--_line); }
.item[data-new] { background: var(--_tint); }
.item:has(.subject[href]):hover { background: var(--_hover); }
.item[data-unread] .subject { font-weight: 650; }
.item[data-unread]::before {
  content: "";
  position: absolute;
  inset-block-start: 1.1rem;
  inset-inline-start: 0.9rem;
  border: 0.28rem solid var(--_link);
  border-radius: 50%;
}
.subject[href]::after { content: ""; position: absolute; inset: 0; }
.subject:focus-visible { outline: none; }
.subject:focus-visible::after { outline: 2px solid var(--_link); outline-offset: -3px; border-radius: 0.5rem; }
.meta {
  display: flex;
  align-items: center;
  gap: 0.5rem;
  min-block-size: 2rem;
  color: var(--_soft);
  font-size: 0.875em;
}
.facts { display: flex; flex: 1; flex-wrap: wrap; gap: 0 0.75em; }
.actions { position: relative; z-index: 1; display: flex; font-size: 1rem; }
@media (hover: hover) and (pointer: fine) {
  .item:not(:hover, :focus-within) .actions { opacity: 0; }
}
.ghost {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 0.5rem;
  min-block-size: 3rem;
  padding: 0.25rem 0.6rem;
  padding-inline: 2.1rem 0.6rem;
  background: var(--_hover);
  color: var(--_soft);
}
.item + .ghost, .ghost + .item, .ghost + .ghost { border-block-start: 1px solid var(--_line); }
@media (forced-colors: active) {
  .item[data-unread]::before { border-color: Highlight; forced-color-adjust: none; }
  .item[data-new] { outline: 1px solid; outline-offset: -1px; }
}
`
