"use strict";
// Where no finished run is complete enough to be drawn, say so; a broken picture says nothing.
for (const drawn of document.querySelectorAll("figure img"))
  drawn.addEventListener("error", () => {
    drawn.closest("figure").textContent = "No trend: none of the finished runs holds enough verdicts for a score.";
  });

// Ask how far the unfinished runs are: often while one moves, rarely else, never while nobody looks.
{
  const section = document.getElementById("running"), list = document.getElementById("live");
  const before = () => list.querySelectorAll(".run").length;
  const ask = async () => {
    let wait = 10000;
    try {
      if (!document.hidden) {
        const reply = await fetch("live");
        if (!reply.ok) return;
        const found = await reply.json(), count = before();
        list.replaceChildren(...new DOMParser().parseFromString(found.html, "text/html").body.childNodes);
        section.hidden = !before();
        if (before() < count) return location.reload(); // one has finished: there is a report to see
        wait = found.moving ? 2000 : 5000;
      }
    } catch { /* the server has ended, or is starting again */ }
    setTimeout(ask, wait);
  };
  setTimeout(ask, 1000);
}
