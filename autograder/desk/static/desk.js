// Keys, totals, drafts and signs of life. Every page works without it.
"use strict";
(() => {
  const rubric = document.getElementById("rubric");
  const comment = document.getElementById("comment");
  const live = document.getElementById("live");
  const say = (text) => { if (live) live.textContent = text; };
  const rows = rubric ? [...rubric.querySelectorAll("[data-line]")] : [];
  const field = (row) => row.querySelector("input");
  const most = (row) => Number(field(row).max);
  const value = (row) => Math.min(most(row), Math.max(0, Number(field(row).value) || 0));
  const plain = (number) => String(Math.round(number * 100) / 100);
  let offering = false;

  const total = () => {
    let sum = 0;
    for (const row of rows) {
      const now = value(row);
      sum += now;
      row.classList.toggle("full", now === most(row));
      row.classList.toggle("part", now > 0 && now < most(row));
    }
    document.getElementById("total").textContent = plain(sum);
    return sum;
  };

  const set = (number, half) => {
    const row = rows[number - 1];
    if (!row) return;
    const wanted = half ? most(row) / 2 : most(row);
    field(row).value = value(row) === wanted ? "0" : plain(wanted);
    say(`Line ${number}: ${plain(value(row))} of ${plain(most(row))}. Together ${plain(total())}.`);
    keep();
  };

  const offer = (button) => {
    const text = button.dataset.comment;
    const old = comment.value.trimEnd();
    comment.value = old ? `${old}\n${text}` : text;
    say("Added to the comment.");
    keep();
  };

  // A draft outlives a closed page, in this tab, until the mark that it was made for has changed.
  const place = rubric ? `draft ${rubric.dataset.keyOf}` : "";
  const keep = () => {
    const draft = { version: rubric.dataset.version, lines: rows.map((row) => field(row).value), comment: comment.value };
    sessionStorage.setItem(place, JSON.stringify(draft));
  };
  const restore = () => {
    const draft = JSON.parse(sessionStorage.getItem(place) || "null");
    if (!draft || draft.version !== rubric.dataset.version || draft.lines.length !== rows.length) return;
    rows.forEach((row, at) => { field(row).value = draft.lines[at]; });
    comment.value = draft.comment;
    say("What you had entered here before is back; it is not saved yet.");
  };
  const send = (more) => fetch(`${location.pathname}/claim`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ csrf: rubric.elements.csrf.value, ...more }),
    keepalive: true,
  });

  if (rubric) {
    const asked = document.querySelector("[role=alert]");
    if (!asked) restore();
    total();
    rubric.addEventListener("input", () => { total(); keep(); });
    for (const link of document.querySelectorAll("[data-forget]"))
      link.addEventListener("click", () => sessionStorage.removeItem(place));
    for (const button of rubric.querySelectorAll("[data-comment]"))
      button.addEventListener("click", () => offer(button));
    window.addEventListener("pagehide", () => { send({ leave: "1" }).catch(() => {}); });
    setInterval(async () => {
      try {
        const answer = await send({});
        const who = answer.ok ? await answer.text() : "";
        const words = answer.ok ? (who ? `${who} has this open now.` : "") : "The desk was started again: open its new address. What you entered here stays in this tab.";
        const note = document.getElementById("other");
        note.textContent = words;
        note.hidden = !words;
      } catch { /* the desk is closed for the moment; the draft stays */ }
    }, 60000);
  }

  const open = (key) => {
    const link = document.querySelector(`a[data-key="${key}"]`);
    if (link) link.click();
    return Boolean(link);
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (rubric && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      rubric.requestSubmit();
      return;
    }
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape" && typing) { event.target.blur(); return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    if (rubric && digit) {
      const number = Number(digit[1]) || 10;
      const button = rubric.querySelectorAll("[data-comment]")[number - 1];
      if (offering && button) offer(button);
      else if (!offering) set(number, event.shiftKey);
      offering = false;
      event.preventDefault();
      return;
    }
    if (rubric && event.key === "z") {
      for (const row of rows) field(row).value = "0";
      total();
      keep();
      say("No points in any line.");
      return;
    }
    const choosing = offering;
    offering = false;
    if (["j", "k", "u"].includes(event.key) && open(event.key)) event.preventDefault();
    else if (rubric && event.key === "c") { event.preventDefault(); comment.focus(); }
    else if (rubric && event.key === "a" && !choosing) { offering = true; say("Number of the comment?"); }
    else if (rubric && event.key === "?") {
      const keys = document.getElementById("keys");
      keys.open = !keys.open;
      if (keys.open) keys.scrollIntoView({ block: "nearest" });
    }
  });
})();
