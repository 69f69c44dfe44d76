"""Short forms whose full stop does not end a sentence, language by language, and the words that sentences begin with.

A full stop behind a short form is ambiguous where a capital letter follows (`the U.S. Army`, `in the U.S. The army`).
As in Punkt (Kiss and Strunk 2006, doi:10.1162/coli.2006.32.4.485) the word behind it decides: those that often begin a
sentence are listed here, by hand, instead of being counted in a corpus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ShortForms:
    """All in small letters and without their last full stop."""

    #: Never the end of a sentence: titles, `vs.`, `e.g.`.
    inside: frozenset[str] = frozenset()
    #: Short forms before a number only, words of their own elsewhere: `no. 5`, `fig. 2`, `sat. 5 May`.
    numbered: frozenset[str] = frozenset()
    #: The end of a sentence where a capital letter follows: `etc.`, `a.m.`.
    closing: frozenset[str] = frozenset()
    #: The end of a sentence where a word of `starters` follows: `Inc.`, `Jr.`; so are letters with full stops, `U.S.`.
    open: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    #: Ends of words that are short forms before a number: `Hauptstr. 5`.
    suffixes: tuple[str, ...] = ()
    #: Small letters that short forms with a space begin with: `z. B.`, `44 a. C.`; capitals are as any others.
    letters: frozenset[str] = frozenset()
    #: Whether a number with a full stop is an ordinal: `am 5. Mai`.
    ordinals: bool = False


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENGLISH: Final = ShortForms(
    inside=_set(
        "mr mrs ms mx dr drs prof st ste mt ft rev gen col maj capt lt sgt cpl pvt cmdr adm gov sen pres messrs mme "
        "vs approx dept est figs nos vols eds ave blvd jan feb apr jun jul aug sept oct nov dec tue thu fri e.g i.e "
        "cf viz ca hon supt insp amb asst assoc univ pp esp"
    ),
    numbered=_set("no fig eq vol ch art sec p rep ed sat sun mon wed mar sep rd op pt ser"),
    closing=_set("etc a.m p.m al"),
    open=_set("ph.d m.d inc ltd co corp bros jr sr esq llc plc"),
    starters=_set(
        "the a an this that these those he she it we they i you his her its our their my your there here in on at by "
        "for from with as if when while after before since although though because but and so or yet however then now "
        "what who why how where which not no yes one two some many most all each every both let's it's he's she's "
        "they're i'm we're you're that's there's to of also only even still today yesterday tomorrow meanwhile "
        "nevertheless moreover furthermore"
    ),
)
_GERMAN: Final = ShortForms(
    inside=_set(
        "hr hrn fr frl dr prof dipl ing st hl bzw ca d.h z.b z.t u.a i.d.r o.ä u.ä s.o s.u vgl evtl ggf inkl exkl "
        "zzgl abzgl max min mio mrd tsd str nr bd abs allg bes bspw gem sog urspr usf v.a vs i.a m.e jan feb mär apr "
        "jun jul aug sept okt nov dez mo di mi do sa so"
    )
    - _set("so do di mi min"),
    numbered=_set("art kap s abb tab anm"),
    closing=_set("usw etc n.chr v.chr u.s.w"),
    open=_set("jr sen co gmbh"),
    starters=_set(
        "der die das ein eine einer er sie es wir ich ihr du dann und aber doch oder denn dies diese dieser dieses in "
        "im am an auf bei mit nach von vor zu zum zur als wenn weil da so auch nur noch schon heute gestern morgen "
        "jetzt hier dort was wer wie wo warum man seine ihre mein unser jedoch danach später trotzdem"
    ),
    suffixes=("str",),
    letters=_set("a d h i m n o u v z"),
    ordinals=True,
)
_FRENCH: Final = ShortForms(
    inside=_set(
        "m mm mme mmes mlle mlles dr pr me mgr st ste av bd env ex cf c.-à-d p.ex janv févr avr juil sept oct nov déc "
        "tél vs dép éd ing lt col gén cap"
    ),
    numbered=_set("no n art chap fig p pp vol al"),
    closing=_set("etc"),
    open=_set("jr cie j.-c"),
    starters=_set(
        "le la les un une des il elle on nous vous ils elles je tu ce cet cette ces mais et ou donc or car si quand "
        "lorsque dans en à au aux par pour avec sans sur sous puis ensuite alors ainsi aussi après avant depuis voici "
        "voilà c'est qui que quoi comment pourquoi son sa ses leur leurs notre votre mon ma mes"
    ),
)
_SPANISH: Final = ShortForms(
    inside=_set(
        "sr sra sres sras srta d dña dr dra drs prof profa ing lic arq gral cap cnel tte sto sta san av avda c dpto "
        "p.ej ej aprox máx mín tel vs fig excmo excma ilmo ee rr ff aa"
    ),
    numbered=_set("núm no art cap pág págs p pp vol ed n"),
    closing=_set("etc a.m p.m a.c d.c"),
    open=_set("ee.uu s.a jr cía ud uds vd vds"),
    starters=_set(
        "el la los las un una unos unas él ella ellos ellas yo tú nosotros esto este esta estos estas eso ese esa pero "
        "y o si no sí cuando mientras en a al de del por para con sin sobre desde hasta después antes luego entonces "
        "también además así como qué quién cómo dónde hay es son fue su sus mi mis tu nuestro hoy ayer mañana"
    ),
    letters=_set("a d"),
)
_ITALIAN: Final = ShortForms(
    inside=_set(
        "sig sigg sig.ra sig.na dott dott.ssa dr prof prof.ssa ing avv arch geom rag on gen col cap ten mons s ss sto "
        "sta p.es es cfr ca circa vs fig tel v.le p.za gent egr spett genn febb apr giu lug ago sett ott nov dic"
    )
    - _set("circa"),
    numbered=_set("n nr art cap pag pagg p pp vol"),
    closing=_set("ecc etc a.c d.c"),
    open=_set("s.p.a s.r.l jr"),
    starters=_set(
        "il lo la i gli le un uno una egli lui lei noi voi loro io tu questo questa questi queste quello quella ma e o "
        "se quando mentre in a al di del da dal per con su tra fra dopo prima poi allora anche così come che chi cosa "
        "dove perché non sì è c'è sono suo sua mio mia oggi ieri domani"
    ),
    letters=_set("a d"),
)
_PORTUGUESE: Final = ShortForms(
    inside=_set(
        "sr sra srs sras srta d dr dra drs prof profa eng exmo exma ilmo av r tel vs gen cel cap ten sto sta p.ex ex "
        "aprox máx mín dep fig jan fev mar abr jun jul ago set out nov dez"
    )
    - _set("set mar"),
    numbered=_set("n no núm art cap pág págs p pp vol ed"),
    closing=_set("etc a.m p.m a.c d.c"),
    open=_set("s.a ltda cia jr"),
    starters=_set(
        "o a os as um uma ele ela eles elas eu tu você vocês nós isto isso este esta esse essa mas e ou se não sim "
        "quando enquanto em no na nos nas ao de do da por para com sem sobre desde até depois antes então também além "
        "assim como que quem onde há é são foi seu sua meu minha hoje ontem amanhã"
    ),
    letters=_set("a d"),
)
_HINDI: Final = ShortForms(inside=_set("डॉ श्री प्रो कु पं सं रु ई"), closing=_set("आदि"))
#: What abbreviates in many languages.
_OTHERS: Final = ShortForms(inside=_set("dr prof st mr mrs vs"), closing=_set("etc"))

_KNOWN: Final = {
    "en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH, "it": _ITALIAN, "pt": _PORTUGUESE, "hi": _HINDI,
}  # fmt: skip
#: Languages whose ordinals are numbers with a full stop, as in German.
_ORDINALS: Final = _set("bs cs da et fi fo hr hu is lb lt lv nb nn no pl sk sl sr tr")
_OTHERS_WITH_ORDINALS: Final = ShortForms(_OTHERS.inside, closing=_OTHERS.closing, ordinals=True)


def short_forms(language: str | None) -> ShortForms:
    """Those of a language by its BCP-47 tag; of an unknown one the few that many languages share."""
    primary = (language or "").lower().partition("-")[0]
    return _KNOWN.get(primary) or (_OTHERS_WITH_ORDINALS if primary in _ORDINALS else _OTHERS)
