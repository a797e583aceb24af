"""What a report says in words, in English and in Hindi."""

from __future__ import annotations

import re
from enum import StrEnum
from importlib.resources import files

import pytest

from traya_gql.domain.data_files import FileInvalid, read_toml
from traya_gql.domain.languages import Language, LocalText
from traya_gql.domain.report_texts import DISCLAIMER, TEXTS, ReportTexts, StepsFor, texts
from traya_gql.domain.ruleset.codes import (
    CauseCode,
    Confidence,
    GateCode,
    Goal,
    Hypothesis,
    MilestoneCode,
    NoRecoveryReason,
    SafetyAction,
)

TEXT = files("traya_gql.domain").joinpath("report_texts.toml").read_text(encoding="utf-8")

# what would tell an answer to whoever has the link
PRIVATE = {
    Language.EN: r"pregnan|birth|breast|mother|father|famil|menopaus|pcos|polycyst|thyroid|ana?emi|smok|tired|energy",
    Language.HI: r"गर्भ|प्रसव|स्तनपान|माँ|पिता|रजोनिवृत्ति|मेनोपॉज़|पीसीओएस|थायरॉइड|एनीमिया|धूम्रपान|थकान|आपने बताया",
}
PUBLIC = (
    "explanations",
    "milestones",
    "no_recovery",
    "goals",
    "confidences",
    "kit_reasons",
    "next_steps",
    "shared_kit",
)


def changed(old: str, new: str) -> str:
    """Return the file with one place changed."""
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times: {old}"
    return TEXT.replace(old, new)


# --- both languages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", texts())
def test_every_text_is_whole_sentences_in_both_languages(place: str) -> None:
    text = texts()[place]

    assert re.fullmatch(r"[A-Z].*[a-z)]\.", text.en)
    assert not re.search(r"[\u0900-\u097f]", text.en)
    assert re.match(r"[\u0900-\u097f]", text.hi)
    assert text.hi.endswith("।")
    assert text.in_(Language.HI) == text.hi
    assert text.in_(Language.EN) == text.en


@pytest.mark.parametrize("place", texts())
def test_no_text_holds_a_stray_space_or_an_invisible_character(place: str) -> None:
    for words in (texts()[place].en, texts()[place].hi):
        assert words == " ".join(words.split())
        assert not re.search(r"[\u200b-\u200f\u00ad\ufeff]| [.,;:।]", words)


def test_in_hindi_latin_letters_stand_in_brackets_only() -> None:
    outside = {place: re.sub(r"\([^)]*\)", "", text.hi) for place, text in texts().items()}

    assert {place for place, words in outside.items() if re.search(r"[A-Za-z]", words)} == set()


def test_every_text_has_its_place() -> None:
    found = texts()

    assert len(found) == 79
    assert found["report.explanations.GENETIC"] is TEXTS.explanations[CauseCode.GENETIC]
    assert found["report.next_steps.NEEDS_DOCTOR.1"] is TEXTS.next_steps[StepsFor.NEEDS_DOCTOR][0]
    assert found["report.disclaimer"] is TEXTS.disclaimer is DISCLAIMER


def test_every_code_has_its_text_in_the_order_of_the_codes() -> None:
    needed: dict[str, type[StrEnum]] = {
        "explanations": CauseCode,
        "hypotheses": Hypothesis,
        "findings": GateCode,
        "actions": SafetyAction,
        "milestones": MilestoneCode,
        "no_recovery": NoRecoveryReason,
        "goals": Goal,
        "confidences": Confidence,
        "kit_reasons": CauseCode,
        "next_steps": StepsFor,
    }

    assert {name: list(getattr(TEXTS, name)) for name in needed} == {
        name: list(codes) for name, codes in needed.items()
    }
    assert {*StepsFor} == {"EVERYBODY", *NoRecoveryReason}


# --- what they say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hypothesis", Hypothesis)
def test_a_hypothesis_says_that_it_is_no_diagnosis(hypothesis: Hypothesis) -> None:
    assert "This is not a diagnosis" in TEXTS.hypotheses[hypothesis].en
    assert re.search(r"रोग की पहचान \(diagnosis\) नहीं है", TEXTS.hypotheses[hypothesis].hi)


def test_the_disclaimer_says_that_this_is_no_diagnosis_and_that_no_dermatologist_looked_at_the_rules() -> None:
    assert DISCLAIMER.en == (
        "This is an assessment made by a computer from answers, not a diagnosis. Its rules have not been reviewed by a "
        "dermatologist yet. It does not replace a doctor."
    )
    assert all(
        words in DISCLAIMER.hi for words in ("कंप्यूटर", "(diagnosis) नहीं", "(dermatologist) ने नहीं", "डॉक्टर की जगह नहीं")
    )


def test_everybody_is_told_of_routine_photo_diet_and_dermatologist() -> None:
    steps = TEXTS.next_steps[StepsFor.EVERYBODY]

    assert len(steps) == 5
    assert "three months" in steps[0].en
    assert "in the same light once a month" in steps[1].en
    assert all(word in steps[2].en for word in ("protein", "iron", "vitamins"))
    assert all(word in steps[2].hi for word in ("प्रोटीन", "आयरन", "विटामिन"))
    assert steps[4].en.startswith("See a dermatologist if hair falls suddenly or in patches")


def test_who_has_no_months_is_told_of_doctor_photo_and_diet_instead() -> None:
    everybody, needs_doctor, advanced = (TEXTS.next_steps[one] for one in StepsFor)

    assert [len(steps) for steps in (everybody, needs_doctor, advanced)] == [5, 4, 5]
    assert needs_doctor[0].en == "Let a dermatologist look at your hair and scalp before you choose any product."
    assert "photos" in needs_doctor[1].en
    assert advanced[0].en.startswith("Talk to a dermatologist")
    assert [one for one in advanced if one in everybody] == [everybody[1], everybody[2], everybody[4]]
    assert everybody[2] in needs_doctor
    assert everybody[0] not in (*needs_doctor, *advanced)


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("language", Language)
def test_no_public_text_lets_a_reader_infer_an_answer(name: str, language: Language) -> None:
    found = {place: text.in_(language) for place, text in texts().items() if place.startswith(f"report.{name}")}
    if name == "explanations":  # patterns run in families, whoever asks
        found.pop("report.explanations.GENETIC")

    assert found
    assert {place for place, words in found.items() if re.search(PRIVATE[language], words.lower())} == set()


@pytest.mark.parametrize("cause", CauseCode)
def test_a_kit_reason_says_why_and_promises_little(cause: CauseCode) -> None:
    reason = TEXTS.kit_reasons[cause]

    assert re.match(r"Chosen because of [a-z ]+: (may help|supports|traditionally used)", reason.en)
    assert re.match(r"चुनने का कारण, [^:]+: .*(सकता है|सहारा देता है|सहायक)", reason.hi)


@pytest.mark.parametrize(
    ("gate", "words", "hindi"),
    [
        ("G00_SAFETY_UNANSWERED", "Please answer them", "जवाब दें"),
        ("G01_CONSENT", "with your consent", "सहमति"),
        ("G02_MINOR", "18 years", "18 साल"),
        ("G03_PATCHY", "in patches", "चकत्तों"),
        ("G04_SCARRING_SIGNS", "see a dermatologist soon", "जल्द त्वचा रोग विशेषज्ञ"),
        ("G05_INFLAMED_SCALP", "minoxidil", "मिनोक्सिडिल"),
        ("G06_PREGNANCY", "gentle shampoos and oils only", "सौम्य शैम्पू और तेल"),
        ("G07_FEMALE_5ARI", "for men only", "केवल पुरुषों"),
        ("G08_CARDIO", "blood pressure", "ब्लड प्रेशर"),
        ("G09_LIVER", "liver", "लिवर"),
        ("G10_MOOD_FERTILITY", "get help at once", "तुरंत मदद लें"),
        ("G11_THYROID_AUTOIMMUNE_MEDS", "ashwagandha", "अश्वगंधा"),
        ("G12_IRON", "blood test (ferritin)", "फ़ेरिटिन"),
        ("G13_ALLERGY", "allergic", "एलर्जी"),
        ("G14_AGE65", "65 years", "65 साल"),
        ("G15_ADVANCED", "talked to a dermatologist", "त्वचा रोग विशेषज्ञ"),
        ("G16_PRESCRIPTION", "on a doctor's prescription only", "केवल डॉक्टर के पर्चे"),
        ("G17_DUPLICATE_ACTIVE", "the same active ingredient", "यही सक्रिय तत्व"),
        ("G18_CLAIMS", "may not be said", "कहने की अनुमति नहीं"),
        ("G19_MINOXIDIL_LABEL", "came suddenly", "अचानक"),
        ("G20_UNKNOWN_ALLERGY", "not on our list", "हमारी सूची में नहीं"),
    ],
)
def test_a_finding_says_what_it_is_about(gate: GateCode, words: str, hindi: str) -> None:
    assert words in TEXTS.findings[gate].en
    assert hindi in TEXTS.findings[gate].hi


# --- the data file ------------------------------------------------------------------------------------------------

BROKEN = {
    "no TOML": (TEXT + "\n[", "the whole file: "),
    "a text without Hindi": (
        changed('hi = "इस बारे में अपने डॉक्टर से बात करें।"', ""),
        "actions.TALK_TO_DOCTOR.hi: this is missing",
    ),
    "a text of spaces": (
        changed('en = "You need not do anything."', 'en = "  "'),
        "actions.NONE.en: String should have at least 1 character",
    ),
    "a third language": (
        changed('en = "You need not do anything."', 'en = "You need not do anything."\nfr = "Rien."'),
        "actions.NONE.fr: nobody knows this key",
    ),
    "an unknown code": (changed("[goals.IMPROVE]", "[goals.REGROW]"), "goals.REGROW: Input should be "),
    "a code without a text": (
        TEXT.replace("[findings.G20_UNKNOWN_ALLERGY]", "[findings.G19_MINOXIDIL_LABEL.more]"),
        "findings.G19_MINOXIDIL_LABEL.more: nobody knows this key",
    ),
    "an empty list": (changed("ADVANCED_STAGE = [", "ADVANCED_STAGE = []\nOTHERS = ["), "next_steps.ADVANCED_STAGE: "),
    "a list for nobody": (changed("ADVANCED_STAGE = [", "OTHERS = ["), "next_steps.OTHERS: 'OTHERS' is not a valid "),
    "no disclaimer": (changed("[disclaimer]", "[disclaimers]"), "disclaimer: this is missing"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_copy_is_refused_with_the_place(name: str) -> None:
    text, problem = BROKEN[name]

    with pytest.raises(FileInvalid) as refusal:
        read_toml(ReportTexts, text)

    assert any(line.startswith(problem) for line in refusal.value.problems), refusal.value.problems


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (name, code)
        for name in ("explanations", "hypotheses", "findings", "actions", "milestones", "goals", "kit_reasons")
        for code in getattr(TEXTS, name)
    ],
)
def test_a_copy_in_which_a_code_has_no_text_is_refused(name: str, code: str) -> None:
    whole = re.sub(rf"^\[{name}\.{code}\]\n.*\n.*\n", "", TEXT, flags=re.MULTILINE)

    with pytest.raises(FileInvalid, match=rf"the whole file: {name}: {code} is missing"):
        read_toml(ReportTexts, whole)


def test_the_file_holds_what_is_said() -> None:
    assert read_toml(ReportTexts, TEXT) == TEXTS
    assert isinstance(TEXTS.shared_kit_note, LocalText)
