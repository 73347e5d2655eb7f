"""Whether a visit's vacancies can be taken by people of whom each takes one."""

from collections.abc import Mapping


def missing(lacking: Mapping[int, int], able: Mapping[int, set[int]]) -> int:
    """Return how many vacancies stay when as many as can be are taken by distinct speakers.

    `lacking` counts the vacancies of each post, `able` holds who could take it. Augmenting
    paths (Kuhn's method) over vacancies on one side, speakers on the other.
    """
    places = [post for post, lack in lacking.items() for _ in range(lack)]
    holder: dict[int, int] = {}

    def seat(place: int, tried: set[int]) -> bool:
        for speaker in sorted(able[places[place]] - tried):
            tried.add(speaker)
            if speaker not in holder or seat(holder[speaker], tried):
                holder[speaker] = place
                return True
        return False

    return sum(not seat(place, set()) for place in range(len(places)))
