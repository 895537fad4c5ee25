"""Words for people where the checklist has none of its own: damage kinds and what to do about a refused photo."""

from __future__ import annotations

from typing import Final

from inspection_service.inspections.records import Language

Texts = dict[Language, str]

KINDS: Final[dict[str, Texts]] = {
    "dent": {"fr": "Bosse", "en": "Dent"},
    "scratch": {"fr": "Rayure", "en": "Scratch"},
    "crack": {"fr": "Fissure", "en": "Crack"},
    "glass_shatter": {"fr": "Vitre brisée", "en": "Broken glass"},
    "lamp_broken": {"fr": "Feu cassé", "en": "Broken lamp"},
    "tire_flat": {"fr": "Pneu à plat", "en": "Flat tyre"},
    "other_damage": {"fr": "Autre dommage", "en": "Other damage"},
    "declared": {"fr": "Dommage déclaré", "en": "Declared damage"},
}

ADVICE: Final[dict[str, Texts]] = {
    "blur": {
        "fr": "La photo est floue : tenez le téléphone à deux mains et reprenez-la.",
        "en": "The photo is blurred: hold the phone with both hands and take it again.",
    },
    "dark": {
        "fr": "La photo est trop sombre : cherchez plus de lumière et reprenez-la.",
        "en": "The photo is too dark: find more light and take it again.",
    },
    "glare": {
        "fr": "Un reflet cache une partie de la photo : décalez-vous d’un pas et reprenez-la.",
        "en": "A reflection hides part of the photo: move one step aside and take it again.",
    },
    "cut_off": {
        "fr": "Une partie manque sur les bords : reculez un peu et reprenez la photo.",
        "en": "A part is cut off at the edge: step back a little and take it again.",
    },
    "too_small": {
        "fr": "C’est trop loin : rapprochez-vous et reprenez la photo.",
        "en": "It is too far away: step closer and take it again.",
    },
    "wrong_view": {
        "fr": "Ce n’est pas la vue demandée : regardez l’exemple et reprenez la photo.",
        "en": "This is not the view that was asked for: look at the example and take it again.",
    },
    "other_side": {
        "fr": "C’est l’autre côté de la voiture : passez de l’autre côté et reprenez la photo.",
        "en": "This is the other side of the car: walk around it and take the photo again.",
    },
    "no_car": {
        "fr": "Aucune voiture n’est visible : cadrez la voiture et reprenez la photo.",
        "en": "No car can be seen: point the phone at the car and take it again.",
    },
    "not_readable": {
        "fr": "Le compteur n’est pas lisible : rapprochez-vous de l’affichage et reprenez la photo.",
        "en": "The odometer cannot be read: move closer to the display and take it again.",
    },
    "screen_photo": {
        "fr": "C’est la photo d’un écran : photographiez la voiture elle-même.",
        "en": "This is a photo of a screen: take a photo of the car itself.",
    },
    "not-an-image": {
        "fr": "Ce fichier n’est pas une photo : prenez-la de nouveau.",
        "en": "This file is not a photo: take it again.",
    },
    "image-truncated": {
        "fr": "La photo est arrivée incomplète : prenez-la de nouveau.",
        "en": "The photo arrived incomplete: take it again.",
    },
    "image-too-large": {
        "fr": "Cette image est trop grande pour être lue : prenez-la avec l’appareil photo de la page.",
        "en": "This picture is too large to be read: take it with the camera of the page.",
    },
}

_ANY_ADVICE: Final[Texts] = {
    "fr": "Cette photo ne peut pas servir : reprenez-la avec l’appareil photo de la page.",
    "en": "This photo cannot be used: take it again with the camera of the page.",
}


def kind_label(kind: str, language: Language) -> str:
    """Name a kind of damage for a person."""
    return KINDS.get(kind, KINDS["other_damage"])[language]


def advice(code: str, language: Language) -> str:
    """Say in one sentence what to do about a refused photo."""
    return ADVICE.get(code, _ANY_ADVICE)[language]
