"""What a report says in words.

The words are lawful on purpose: no cure, guarantee, permanent result or new hair is promised.
Source: Schedule J of the Drugs Rules, https://en.wikipedia.org/wiki/Schedule_J
"""

from __future__ import annotations

from traya_gql.domain.assessment import CauseCode

EXPLANATIONS = {
    CauseCode.GENETIC: (
        "Hair loss that follows a pattern often runs in families: hair roots react to hormones and grow finer hair "
        "over the years."
    ),
    CauseCode.NUTRITIONAL: (
        "Hair needs iron, protein and vitamins. Low energy can be a sign that something is missing; a blood test can "
        "tell."
    ),
    CauseCode.STRESS: (
        "Lasting stress can push many hairs into their resting phase at once, so that they fall two to three months "
        "later."
    ),
    CauseCode.SCALP_HEALTH: (
        "Flakes, itch and inflammation make the scalp a poor ground for hair. A calm scalp supports the hair that is "
        "there."
    ),
    CauseCode.SLEEP: (
        "Studies find hair loss more often in people who sleep badly. Whether sleep causes it is not known."
    ),
    CauseCode.DIGESTION: (
        "Ayurveda links digestion and hair. Controlled studies of this link were not found, so it weighs little here."
    ),
}
"""One text a cause, for customers."""

# the same for everybody: a public report must not let a reader infer an illness
NEXT_STEPS = (
    "Follow one routine for at least three months before you judge it.",
    "Take a photo of your scalp in the same light once a month and compare.",
    "See a dermatologist if hair falls suddenly or in patches, or if the scalp hurts, burns or bleeds.",
)

DISCLAIMER = (
    "This is an assessment made by a computer from answers, not a diagnosis. Its rules have not been reviewed by a "
    "dermatologist yet. It does not replace a doctor."
)
