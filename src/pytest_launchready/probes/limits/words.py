"""Words by which a limit makes itself known, and by which steps are recognised, in several languages and spellings."""

from __future__ import annotations

import re
from typing import Final

LIMITED: Final = re.compile(
    r"too many|rate.?limit|throttl|slow down|quota.{0,20}exceed|flood"
    r"|(?:attempts?|requests?|tries|limits?|retries)\b.{0,30}\bexceed|exceed\w*\b.{0,60}\b(?:attempts?|requests?|limits?|tries)"
    r"|max\w*\b.{0,40}\b(?:attempts?|tries|retries|requests?)|no (?:more )?(?:attempts?|tries)\b"
    r"|(?:account|user|profile|log-?in|sign-?in|access|address|\bip)\b.{0,60}\b(?:locked|blocked|suspended|banned|frozen)"
    r"|(?:locked|blocked|suspended|banned)\b.{0,40}\b(?:account|user|profile|address|ip)\b"
    r"|temporar\w+ (?:locked|blocked|disabled|suspended|banned|unavailable|restricted)|lock(?:ed)?[ -]?out"
    r"|(?:try|retry)\b.{0,12}\b(?:later|in|after)\b|wait\b.{0,40}\b(?:seconds?|minutes?|hours?|moments?|while)"
    r"|zu viele|zu oft|gesperrt|später (?:noch ?mal|erneut|wieder)|in .{0,20}(?:minuten|sekunden) (?:erneut|wieder)"
    r"|trop de|réessaye[rz]|verrouillé|bloqué|demasiad[oa]s|bloquead[oa]|m[aá]s tarde|muit[ao]s"
    r"|tente novamente|mais tarde"
    r"|troppi|troppe|bloccat[oa]|riprova|te veel|te vaak|geblokkeerd|later opnieuw|zbyt wiele|zablokowan"
    r"|spróbuj ponownie"
    r"|för många|spärra|for mange|sperret|liian monta|příliš mnoho|çok fazla|слишком много|заблокирован|попробуйте"
    r"|забагато|过多|過多|太多|频繁|頻繁|稍后|稍後|锁定|鎖定|回数|しばらく|ロック|너무 많|잠시 후|잠겼",
    re.IGNORECASE,
)
"""A refusal for being tried too often."""
HUMAN: Final = re.compile(
    r"captcha|turnstile|are you (?:a )?(?:human|robot)|not a robot|verify (?:that )?you.{0,10}human|proof.of.work",
    re.IGNORECASE,
)
"""A proof is asked for that a person tries, and not a machine."""
WARNING: Final = re.compile(
    r"[^.!?<>\"]*(?:(?:attempts?|tries|chances?)\b.{0,12}\b(?:left|remain\w*)|(?:left|remain\w*)\b.{0,12}\b(?:attempts?|tries)"
    r"|\b(?:will|would|may|might|could|gets?|before|until)\b[^.!?]{0,40}\b(?:locked|blocked|suspended|disabled)"
    r"|\b(?:verbleib\w*|restante?s?|wird\b.{0,20}gesperrt|sera\b.{0,20}(?:bloqué|verrouillé)|rimast\w+))[^.!?<>\"]*",
    re.IGNORECASE,
)
"""A sentence that only says how many tries there still are: it is taken out before others are looked at."""


def joined(*texts: str) -> str:
    """The words of names and paths in lower case, joined by hyphens: "logIn", "log_in" and "log-in" read alike."""
    words = [word for text in texts for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)]
    return "-".join(words).lower()
