"""What people call money, in their own languages: CLDR says `US dollars`, its listeners `dollars`."""

from __future__ import annotations

from typing import Final, NamedTuple


class Currency(NamedTuple):
    """One unit and many, one hundredth and many (empty if they are not used), and whether the unit is feminine."""

    one: str
    many: str
    hundredth: str = ""
    hundredths: str = ""
    feminine: bool = False


#: By language and ISO 4217 code; what is missing has CLDR's name.
NAMES: Final[dict[str, dict[str, Currency]]] = {
    "en": {
        "USD": Currency("dollar", "dollars", "cent", "cents"),
        "EUR": Currency("euro", "euros", "cent", "cents"),
        "GBP": Currency("pound", "pounds", "penny", "pence"),
        "JPY": Currency("yen", "yen"),
        "KRW": Currency("won", "won"),
        "CNY": Currency("yuan", "yuan"),
        "INR": Currency("rupee", "rupees", "paisa", "paise"),
        "CHF": Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
        "BRL": Currency("real", "reais", "centavo", "centavos"),
    },
    "de": {
        "USD": Currency("Dollar", "Dollar", "Cent", "Cent"),
        "EUR": Currency("Euro", "Euro", "Cent", "Cent"),
        "GBP": Currency("Pfund", "Pfund", "Penny", "Pence"),
        "JPY": Currency("Yen", "Yen"),
        "KRW": Currency("Won", "Won"),
        "CNY": Currency("Yuan", "Yuan"),
        "INR": Currency("Rupie", "Rupien", feminine=True),
        "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
    },
    "fr": {
        "USD": Currency("dollar", "dollars", "cent", "cents"),
        "EUR": Currency("euro", "euros", "centime", "centimes"),
        "GBP": Currency("livre", "livres", "penny", "pence", feminine=True),
        "JPY": Currency("yen", "yens"),
        "KRW": Currency("won", "wons"),
        "CNY": Currency("yuan", "yuans"),
        "INR": Currency("roupie", "roupies", feminine=True),
        "CHF": Currency("franc suisse", "francs suisses", "centime", "centimes"),
    },
    "es": {
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
        "GBP": Currency("libra", "libras", "penique", "peniques", feminine=True),
        "JPY": Currency("yen", "yenes"),
        "KRW": Currency("won", "wones"),
        "CNY": Currency("yuan", "yuanes"),
        "INR": Currency("rupia", "rupias", feminine=True),
        "MXN": Currency("peso", "pesos", "centavo", "centavos"),
        "CHF": Currency("franco suizo", "francos suizos", "céntimo", "céntimos"),
    },
    "it": {
        "USD": Currency("dollaro", "dollari", "centesimo", "centesimi"),
        "EUR": Currency("euro", "euro", "centesimo", "centesimi"),
        "GBP": Currency("sterlina", "sterline", "penny", "pence", feminine=True),
        "JPY": Currency("yen", "yen"),
        "KRW": Currency("won", "won"),
        "CNY": Currency("yuan", "yuan"),
        "INR": Currency("rupia", "rupie", feminine=True),
        "CHF": Currency("franco svizzero", "franchi svizzeri", "centesimo", "centesimi"),
    },
    "pt": {
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "cêntimo", "cêntimos"),
        "GBP": Currency("libra", "libras", "pêni", "pence", feminine=True),
        "JPY": Currency("iene", "ienes"),
        "KRW": Currency("won", "wons"),
        "BRL": Currency("real", "reais", "centavo", "centavos"),
        "CNY": Currency("yuan", "yuans"),
        "INR": Currency("rupia", "rupias", feminine=True),
    },
    "zh": {
        "USD": Currency("美元", "美元"),
        "EUR": Currency("欧元", "欧元"),
        "CNY": Currency("元", "元"),
        "JPY": Currency("日元", "日元"),
    },
    "ja": {
        "USD": Currency("ドル", "ドル", "セント", "セント"),
        "EUR": Currency("ユーロ", "ユーロ", "セント", "セント"),
        "JPY": Currency("円", "円"),
        "GBP": Currency("ポンド", "ポンド"),
        "KRW": Currency("ウォン", "ウォン"),
        "CNY": Currency("元", "元"),
    },
    "ko": {
        "USD": Currency("달러", "달러", "센트", "센트"),
        "EUR": Currency("유로", "유로", "센트", "센트"),
        "KRW": Currency("원", "원"),
        "JPY": Currency("엔", "엔"),
        "GBP": Currency("파운드", "파운드"),
        "CNY": Currency("위안", "위안"),
    },
    "hi": {
        "INR": Currency("रुपया", "रुपये", "पैसा", "पैसे"),
        "USD": Currency("डॉलर", "डॉलर", "सेंट", "सेंट"),
        "EUR": Currency("यूरो", "यूरो", "सेंट", "सेंट"),
    },
}
