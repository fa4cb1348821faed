// The menu of versions. Reads window.posevalVersions: name -> the pages of that version, newest first.
(() => {
  const versions = window.posevalVersions;
  if (!versions) return;
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  const mine = decodeURIComponent(root.pathname.split("/").at(-2));
  const page = decodeURIComponent(location.pathname.slice(root.pathname.length)) || "index.html";
  const place = document.querySelector("#versions");
  const menu = place.querySelector("select");
  for (const name of Object.keys(versions)) menu.add(new Option(name, name, false, name === mine));
  if (!(mine in versions)) menu.selectedIndex = -1;
  menu.addEventListener("change", () => {
    const there = versions[menu.value].includes(page) ? page : "index.html";
    location.href = new URL(`../${menu.value}/${there}`, root);
  });
  place.style.display = "";
})();
