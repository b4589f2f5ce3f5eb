"""The cut of each tool: the probability from which two records are one person.

Every tool that takes a cut gets the one at which it is most right, picked with the truth: the favour that an analyst with labels would do it.
What a tool calls a probability is its own affair, so that a cut that is fair to one wrongs another.
"""

from peers_measure import measured

# All pick of these.
CUTS = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999]


def most_right(found):
    """Of pairs of F1 and cut, the cut with the highest F1; the strictest of equals."""
    return max(found)[1]


def common(kit, folder, counted, limit):
    """Splink's, which splink_peer.py has picked, for all who score as it does."""
    return {"cut": counted["cut"]}


def learnt(kit, folder, counted, limit):
    """For a tool that finds its own without any truth, and is given none."""
    return {"cut": None}


def own(name):
    """For a crate: its crosswalks at all cuts, after one training that is not timed but must end within `limit`; the cut, or why there is none."""

    def pick(kit, folder, counted, limit):
        program, out = kit.peers / f"peer-{name}", folder / f"{name}-picked"
        cuts = ",".join(repr(cut) for cut in CUTS)
        took = measured([program, folder / "prepared.csv", out, "pick", cuts], limit, kit.work / f"{name}-picked.log")
        if "failed" in took:
            return {"failed": f"{took['failed']} while its cut was picked"}
        found = []
        for number, cut in enumerate(CUTS):
            crosswalk = folder / f"{name}-picked.{number}.csv"
            found.append((kit.score(crosswalk, folder)["f1"], cut))
            crosswalk.unlink()
        return {"cut": most_right(found)}

    return pick
